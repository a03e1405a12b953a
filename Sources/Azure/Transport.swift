internal import HTTP
internal import SecretMemory

/// Sends calls: signs them, asks again where that is right, and turns refusals into errors.
struct Transport: Sendable {
    let client: HTTPClient
    let tokens: TokenCache?
    /// How long one call may take, all its repetitions and waits included.
    var patience: Duration = .seconds(100)
    /// How often a service that cannot be reached at all is tried.
    private static let maximumUnreachable = 4

    /// The answer to `call`, which has a status of 2xx, or the one that is `accepted`.
    func send(
        _ call: ServiceCall, accepting accepted: Int? = nil
    ) async throws(AzureError) -> HTTPResponse {
        let deadline = ContinuousClock.now + patience
        var tries = 0
        var hasRenewedToken = false
        while true {
            var request = call.request
            if let tokens, let audience = call.audience {
                request.bearerToken = try await tokens.token(for: audience)
            }
            let failure: AzureError
            do throws(HTTPError) {
                let response = try await client.send(request)
                if 200..<300 ~= response.status || response.status == accepted { return response }
                if response.status == 401, let audience = call.audience, let token = request.bearerToken,
                    !hasRenewedToken
                {
                    // Tokens can be revoked before their time; a 401 was not carried out.
                    hasRenewedToken = true
                    await tokens?.discard(token, for: audience)
                    continue
                }
                failure = call.error(response)
            } catch {
                failure = call.error(error)
                guard error.code != .tls, error.code != .cannotResolve else { throw failure }
            }
            tries += 1
            let delay = Self.delay(tries, failure)
            guard call.mayRepeat(after: failure), ContinuousClock.now + delay < deadline,
                failure.code != .unreachable || tries < Self.maximumUnreachable
            else { throw failure }
            do {
                try await Task.sleep(for: delay)
            } catch {
                throw AzureError(.cancelled, "\(call.service.rawValue): gave up trying to \(call.what)")
            }
        }
    }

    /// What the service asks for, or else a delay that doubles, spread so that many callers do not come
    /// back at once.
    private static func delay(_ tries: Int, _ failure: AzureError) -> Duration {
        if let asked = failure.retryAfter { return .seconds(asked) }
        let doubled = min(0.4 * Double(1 << min(tries, 10)), 15)
        return .seconds(doubled * Double.random(in: 0.75...1.25))
    }
}
