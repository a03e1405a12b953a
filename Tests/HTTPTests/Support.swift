import SecretMemory

@testable import HTTP

/// What came back, without what cannot be copied.
struct Answer: Sendable, Equatable {
    let status: Int
    let headers: HTTPHeaders
    let body: String
}

extension HTTPClient {
    /// Sends, and gives the body as a text: no test's body is anybody's secret.
    func text(_ request: HTTPRequest) async throws(HTTPError) -> Answer {
        let response = try await send(request)
        return Answer(
            status: response.status, headers: response.headers,
            body: response.body.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
    }

    /// The error that sending ends in.
    func failure(_ request: HTTPRequest) async -> HTTPError? {
        do throws(HTTPError) {
            _ = try await text(request)
            return nil
        } catch {
            return error
        }
    }
}

func shared(_ text: String) -> SharedSecret {
    var buffer = SecretBuffer()
    buffer.append(text)
    return SharedSecret(buffer.finish())
}

/// Waits until `condition` holds; a test whose condition never does fails by what it expects next.
func eventually(_ condition: () -> Bool) async {
    for _ in 0..<100 where !condition() {
        try? await Task.sleep(for: .milliseconds(10))
    }
}
