internal import CLibcurl
internal import SecretMemory

/// One request on its way, and what has come back.
final class Exchange: @unchecked Sendable {
    // Sendable: one thread at a time. The caller builds it and hands it to the engine through a lock; the
    // engine's thread has it until it resumes the continuation; then it is the caller's again.
    let request: HTTPRequest
    let target: Target
    let deadline: ContinuousClock.Instant
    private let maximumBodySize: Int

    /// Resumed once, when the exchange is over.
    var continuation: CheckedContinuation<Result<Void, HTTPError>, Never>?
    /// The engine's own: the transfer while there is one, and whether it must not be begun any more.
    var easy: UnsafeMutableRawPointer?
    var isCancelled = false

    /// Whether the connection was ready and the request was about to be written to it.
    private(set) var mayHaveBeenSent = false
    /// Why the answer was not taken, where it was this side that said no.
    private(set) var refusal: String?
    /// What has come; behind a lock since resuming a continuation is no order that the Thread Sanitizer sees.
    private let received = Lock(Received())

    /// What libcurl reads from while it sends, and writes its explanation to.
    private let authorization: SharedSecret?
    private let authorizationNode = UnsafeMutablePointer<curl_slist>.allocate(capacity: 1)
    private var fields: UnsafeMutablePointer<curl_slist>?
    private let explanation = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    init(_ request: HTTPRequest, to target: Target, maximumBodySize: Int) {
        self.request = request
        self.target = target
        self.maximumBodySize = maximumBodySize
        deadline = .now + request.timeout
        explanation.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        authorizationNode.initialize(to: curl_slist())
        let bearer = request.bearerToken.map {
            HTTPRequest.SecretField(name: "Authorization", prefix: "Bearer ", value: $0)
        }
        if let field = bearer ?? request.secretField {
            var line = SecretBuffer(capacity: field.value.secret.count + 64)
            line.append("\(field.name): \(field.prefix)")
            field.value.secret.withUnsafeBytes { line.append($0) }
            line.append(0 as UInt8)
            authorization = SharedSecret(line.finish())
        } else {
            authorization = nil
        }
    }

    deinit {
        explanation.deallocate()
        authorizationNode.deallocate()
    }

    /// Tells the caller how it went.
    func finish(_ result: Result<Void, HTTPError>) {
        let waiting = continuation
        continuation = nil
        waiting?.resume(returning: result)
    }

    /// Takes the answer, once, when the exchange has ended well.
    func response() -> HTTPResponse {
        received.withLock { received in
            var body = SecretBuffer()
            swap(&body, &received.body)
            let head = received.head
            return HTTPResponse(status: head.status, headers: HTTPHeaders(head.fields), body: body)
        }
    }

    /// Whether a whole header section came.
    var hasHead: Bool { received.withLock { $0.head.isComplete } }

    /// libcurl's explanation of the last failure, where it gave one.
    var explained: String? {
        let text = String(cString: explanation)
        return text.isEmpty ? nil : text
    }

    // MARK: What libcurl reports

    func begin() {
        mayHaveBeenSent = true
    }

    /// - Returns: whether it was taken.
    func receiveHeader(_ line: UnsafeRawBufferPointer) -> Bool {
        do throws(ResponseHead.TooLong) {
            try received.withLock { received throws(ResponseHead.TooLong) in
                try received.head.receive(line)
            }
            return true
        } catch {
            refusal = "the header fields of the answer have more than \(ResponseHead.maximumByteCount) bytes"
            return false
        }
    }

    /// - Returns: whether it was taken.
    func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let isTaken = received.withLock { received in
            guard bytes.count <= maximumBodySize - received.body.count else { return false }
            received.body.append(bytes)
            return true
        }
        if !isTaken { refusal = "the answer has more than \(maximumBodySize) bytes" }
        return isTaken
    }

    // MARK: What libcurl reads

    /// The header fields as libcurl takes them; valid until `freeFields`.
    ///
    /// The one with the token is not appended with libcurl's function, which would copy it.
    func makeFields(_ curl: Curl) -> UnsafeMutablePointer<curl_slist>? {
        var lines = request.headers.map { field in
            // A field without a value is written with a semicolon, since `Name:` takes one away.
            field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)"
        }
        // No waiting for "100 Continue", and no type that libcurl makes up.
        lines.append("Expect:")
        if let type = request.contentType {
            lines.append("Content-Type: \(type)")
        } else if !request.headers.contains(where: { isEqualIgnoringCase($0.name, "Content-Type") }) {
            lines.append("Content-Type:")
        }
        for line in lines {
            fields = curl.functions.pointee.slist_append(fields, line) ?? fields
        }
        guard let authorization else { return fields }
        authorization.secret.withUnsafeBytes { bytes in
            // The pointer stays valid: the secret is never moved and lives as long as this exchange.
            let text = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
            authorizationNode.pointee.data = text?.assumingMemoryBound(to: CChar.self)
        }
        authorizationNode.pointee.next = fields
        return authorizationNode
    }

    func freeFields(_ curl: Curl) {
        curl.functions.pointee.slist_free_all(fields)
        fields = nil
    }

    /// Where libcurl writes its explanation of a failure.
    var explanationBuffer: UnsafeRawPointer { UnsafeRawPointer(explanation) }
}

/// An answer, as far as it has come.
private struct Received: ~Copyable {
    var head = ResponseHead()
    var body = SecretBuffer()
}
