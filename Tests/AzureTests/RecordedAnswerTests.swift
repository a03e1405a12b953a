import FoundationEssentials
import HTTP
import SecretMemory
import Testing

@testable import Azure

/// Real answers, and what the operator is told of each.
@Suite("Answers that Azure has given")
struct RecordedAnswerTests {
    struct Answer: Decodable, Sendable, CustomTestStringConvertible {
        struct Place: Decodable, Sendable {
            let method: String
            let path: String
        }

        let name: String
        let service: String
        let status: Int
        let headers: [String: String]
        let body: String?
        let at: Place
        let times: Int?
        let outcome: String
        let code: String?
        var testDescription: String { name }
    }

    static let answers: [Answer] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../Answers/answers.json")
        guard let data = try? Data(contentsOf: file) else { return [] }
        return (try? JSONDecoder().decode([Answer].self, from: data)) ?? []
    }()

    static var refusals: [Answer] { answers.filter { $0.status >= 400 && !$0.name.contains("challenge") } }

    func error(_ answer: Answer) throws -> (AzureError, ServiceCall) {
        let services: [String: Service] = [
            "login": .entra, "graph": .graph, "arm": .resourceManager, "vault": .keyVault,
        ]
        let call = ServiceCall(
            try #require(services[answer.service]), "do a thing", .post, "https://a.example/", audience: nil,
            repetition: answer.at.method == "POST" && answer.service != "login" ? .ifNotDone : .freely)
        var body = SecretBuffer()
        body.append(answer.body ?? "")
        let headers = HTTPHeaders(answer.headers.map { HTTPField(name: $0.key, value: $0.value) })
        return (call.error(status: answer.status, headers: headers, body: body.bytes), call)
    }

    @Test func areEnough() {
        #expect(Self.answers.count >= 40)
        #expect(Self.refusals.count >= 30)
    }

    @Test(arguments: refusals)
    func areTakenForWhatTheyAre(answer: Answer) throws {
        #expect(try error(answer).0.code.rawValue == answer.code)
    }

    /// Azure's code, what it means, and what Microsoft's support finds the request by.
    @Test(arguments: refusals)
    func areToldInAnOperatorsWords(answer: Answer) throws {
        struct Body: Decodable {
            struct Fault: Decodable {
                let code: String?
                let message: String?
            }

            let code: String?
            let message: String?
            let error: Fault?
        }

        let (error, _) = try error(answer)
        #expect(error.message.contains(": cannot do a thing: \(answer.status) "))
        #expect(!error.message.contains { $0.isNewline })
        let body = try? JSONDecoder().decode(Body.self, from: Data((answer.body ?? "").utf8))
        if let code = body?.error?.code ?? body?.code {
            #expect(error.message.contains(code))
            #expect(error.serviceCode == code)
        }
        if let line = (body?.error?.message ?? body?.message)?.split(whereSeparator: \.isNewline).first {
            #expect(error.message.contains(line.prefix(200)))
        }
        if answer.service == "login" { #expect(error.message.contains("AADSTS")) }
        if let id = answer.headers["request-id"] ?? answer.headers["x-ms-request-id"] {
            #expect(error.requestId == id)
            #expect(error.message.contains("(request id \(id))"))
        }
        #expect(!error.message.contains("<html"))
    }

    /// What was perhaps carried out is never sent again blindly, and what was not is.
    @Test(arguments: refusals)
    func areRepeatedWhereThatIsRight(answer: Answer) throws {
        let (error, call) = try error(answer)
        let repeats: Set<AzureError.Code> =
            call.repetition == .ifNotDone ? [.throttled] : [.throttled, .unavailable]
        let isContention = answer.name.contains("concurrency")
        #expect(call.mayRepeat(after: error) == (repeats.contains(error.code) || isContention))
    }
}
