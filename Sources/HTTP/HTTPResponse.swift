public import SecretMemory

/// The answer to a request, whatever its status; redirections are not followed.
public struct HTTPResponse: ~Copyable, Sendable {
    /// The status code (RFC 9110, section 15).
    public let status: Int
    /// The fields of the final answer; those of 1xx answers and trailers are left out.
    public let headers: HTTPHeaders
    /// The content, as it came.
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
