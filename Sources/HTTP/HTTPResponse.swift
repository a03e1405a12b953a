public import SecretMemory

/// The answer to a request, whatever its status; redirections are not followed.
public struct HTTPResponse: ~Copyable, Sendable {
    /// The status code (RFC 9110, section 15).
    public let status: Int
    /// The fields of the final answer; those of 1xx answers and trailers are left out.
    public let headers: HTTPHeaders
    /// The content, as it came.
    ///
    /// An answer that is shorter than it says is an error. One that has neither a length nor chunks ends with
    /// the connection, and libcurl 7.88 does not tell there whether the server ended it (RFC 8446, section
    /// 6.1) or somebody on the way: its content must show by itself that it is whole, as JSON does.
    public var body: SecretBuffer

    /// Puts an answer together.
    public init(status: Int, headers: HTTPHeaders, body: consuming SecretBuffer) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Ends the answer: what is left is its content.
    public consuming func takeBody() -> SecretBuffer {
        body
    }
}
