import FoundationEssentials
import HTTP
import SecretMemory
import Testing

@testable import Azure

/// What a service answers, and what the operator is told.
@Suite("Refusals of Azure's services")
struct ServiceFaultTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        let service: Service
        let status: Int
        let body: String
        let code: AzureError.Code
        let says: String
        var repetition = ServiceCall.Repetition.freely
        var testDescription: String { "\(service.rawValue) \(status) \(code.rawValue)" }
    }

    func error(_ sample: Sample, headers: [HTTPField] = []) -> AzureError {
        let call = ServiceCall(
            sample.service, "do a thing", .post, "https://a.example/", audience: nil,
            repetition: sample.repetition)
        var body = SecretBuffer()
        body.append(sample.body)
        return call.error(status: sample.status, headers: HTTPHeaders(headers), body: body.bytes)
    }

    static let samples: [Sample] = [
        Sample(
            service: .entra, status: 401,
            body:
                #"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.\r\n"#
                + #"Trace ID: t-1\r\nTimestamp: 2022","error_codes":[7000215],"trace_id":"t-1"}"#,
            code: .secretRefused, says: "401 AADSTS7000215: Invalid client secret provided. (request id t-1)"),
        Sample(
            service: .entra, status: 400, body: #"{"error":"invalid_scope","error_codes":[70011]}"#,
            code: .signIn,
            says: "400 AADSTS70011"),
        Sample(
            service: .graph, status: 403,
            body:
                #"{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges","innerError":"#
                + #"{"request-id":"r-1"}}}"#,
            code: .forbidden,
            says: "403 Authorization_RequestDenied: Insufficient privileges (request id r-1)"),
        Sample(
            service: .graph, status: 503,
            body: #"{"error":{"code":"Directory_ConcurrencyViolation","message":"Please wait briefly"}}"#,
            code: .conflict, says: "503 Directory_ConcurrencyViolation", repetition: .ifNotDone),
        Sample(
            service: .graph, status: 503, body: "", code: .answerLost, says: "503 HTTP",
            repetition: .ifNotDone),
        Sample(service: .graph, status: 503, body: "", code: .unavailable, says: "503 HTTP"),
        Sample(
            service: .resourceManager, status: 409,
            body: #"{"code":"OperationNotAllowed","message":"Another operation is in progress"}"#,
            code: .conflict,
            says: "409 OperationNotAllowed: Another operation is in progress", repetition: .ifNotDone),
        Sample(
            service: .resourceManager, status: 400,
            body:
                #"{"code":"BadRequest","message":"Service principal client secret has invalid characters: ` '"}"#,
            code: .badCharacters, says: "400 BadRequest"),
        Sample(
            service: .resourceManager, status: 400,
            body:
                #"{"code":"ServicePrincipalValidationClientError","message":"The credentials were invalid. (Details: "#
                + #"adal: AADSTS7000215: Invalid client secret)"}"#,
            code: .secretRefused, says: "400 ServicePrincipalValidationClientError"),
        Sample(
            service: .resourceManager, status: 429,
            body: #"{"Code":"429","Message":"Cannot acquire exclusive lock","Details":[{"Message":"more"}]}"#,
            code: .throttled, says: "429 429: Cannot acquire exclusive lock (more)"),
        Sample(
            service: .resourceManager, status: 503, body: "<!DOCTYPE html><html>", code: .unavailable,
            says: "503 HTTP"),
        Sample(
            service: .keyVault, status: 409,
            body:
                #"{"error":{"code":"Conflict","message":"deleted","innererror":{"code":"ObjectIsDeletedButRecoverable"}}}"#,
            code: .conflict, says: "409 Conflict: deleted"),
        Sample(
            service: .keyVault, status: 404, body: #"{"error":{"code":"SecretNotFound","message":"none"}}"#,
            code: .notFound, says: "404 SecretNotFound: none"),
    ]

    @Test(arguments: samples)
    func areToldApartAndInAnOperatorsWords(sample: Sample) {
        let error = error(sample)
        #expect(error.code == sample.code)
        #expect(error.message.hasPrefix("\(sample.service.rawValue): cannot do a thing: \(sample.says)"))
    }

    @Test func knowWhenToComeBack() {
        let throttled = Sample(
            service: .resourceManager, status: 429,
            body: #"{"error":{"code":"X","message":"Please try again after '6' seconds."}}"#,
            code: .throttled,
            says: "")
        #expect(error(throttled).retryAfter == 6)
        #expect(error(throttled, headers: [HTTPField(name: "Retry-After", value: "17")]).retryAfter == 17)
    }

    @Test(arguments: [
        (AzureError.Code.unreachable, true), (.throttled, true), (.answerLost, false), (.unavailable, false),
        (.conflict, false), (.refused, false),
    ])
    func aSecondAddIsNeverBlind(code: AzureError.Code, mayRepeat: Bool) {
        let call = ServiceCall(
            .graph, "add", .post, "https://a.example/", audience: nil, repetition: .ifNotDone)
        #expect(call.mayRepeat(after: AzureError(code, "")) == mayRepeat)
        #expect(call.request.connection == .fresh, "libcurl sends again by itself on a reused connection")
    }
}

@Suite("URLs that answers name")
struct URLTextTests {
    @Test(arguments: [
        ("https://management.azure.com/x", true), ("https://MANAGEMENT.azure.com:443/x", true),
        ("https://westeurope.management.azure.com/x", true), ("http://management.azure.com/x", false),
        ("https://management.azure.com.evil.example/x", false), ("https://evilmanagement.azure.com/x", false),
        ("https://management.azure.com@evil.example/x", false), ("https://management.azure.com:444/x", false),
        ("https://management.azure.com\\@evil.example/x", false), ("/x", false), ("", false),
    ])
    func stayWithTheServiceThatATokenIsFor(url: String, isWithin: Bool) {
        #expect(URLText.isWithin(url, "https://management.azure.com") == isWithin)
    }

    @Test func segmentsCannotAddToAPath() {
        #expect(URLText.segment("a/../b?c#d e'é") == "a%2F..%2Fb%3Fc%23d%20e%27%C3%A9")
    }
}

@Suite("The token cache")
struct TokenCacheTests {
    actor Counter: SignIn {
        var count = 0
        let lifetime: TimeInterval
        init(lifetime: TimeInterval) { self.lifetime = lifetime }

        func acquire(_ audience: String) async throws(AzureError) -> AccessToken {
            count += 1
            await Task.yield()
            var token = SecretBuffer()
            token.append("\(audience)-\(count)")
            return AccessToken(secret: SharedSecret(token.finish()), expiresAt: Date() + lifetime)
        }
    }

    @Test func asksOnceForAnAudienceHoweverManyWait() async throws {
        let signIn = Counter(lifetime: 3_600)
        let cache = TokenCache(signIn)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { _ = try await cache.token(for: "a") } }
            try await group.waitForAll()
        }
        #expect(await signIn.count == 1)
        _ = try await cache.token(for: "b")
        #expect(await signIn.count == 2)
    }

    @Test func renewsEarlyAndForgetsWhatWasRefused() async throws {
        let short = Counter(lifetime: 200)
        let early = TokenCache(short)
        _ = try await early.token(for: "a")
        _ = try await early.token(for: "a")
        #expect(await short.count == 2)

        let long = Counter(lifetime: 3_600)
        let cache = TokenCache(long)
        let first = try await cache.token(for: "a")
        await cache.discard(first, for: "a")
        let second = try await cache.token(for: "a")
        #expect(await long.count == 2)
        await cache.discard(first, for: "a")
        #expect(try await cache.token(for: "a") === second)
    }
}
