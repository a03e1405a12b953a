import FoundationEssentials
import SecretMemory
import Synchronization
import Testing

@testable import Azure

/// A way of signing in that does as it is told, and counts.
final class ScriptedSignIn: SignIn {
    private let checked: AzureError?
    private let answer: Result<String, AzureError>
    let acquired = Mutex(0)

    init(_ answer: Result<String, AzureError>, check: AzureError? = nil) {
        self.answer = answer
        checked = check
    }

    func check() throws(AzureError) {
        if let checked { throw checked }
    }

    func acquire(_ audience: String) throws(AzureError) -> AccessToken {
        acquired.withLock { $0 += 1 }
        return AccessToken(secret: shared(try answer.get()), expiresAt: .distantFuture)
    }
}

func shared(_ text: String) -> SharedSecret {
    var buffer = SecretBuffer()
    buffer.append(text)
    return SharedSecret(buffer.finish())
}

func text(_ secret: SharedSecret) -> String {
    secret.secret.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
}

extension SignIn {
    /// The error that signing in ends in.
    func failure(_ audience: String = "https://a.example") async -> AzureError? {
        do throws(AzureError) {
            try await check()
            _ = try await acquire(audience)
            return nil
        } catch {
            return error
        }
    }
}

@Suite("Several ways of signing in")
struct SignInChainTests {
    let missing = AzureError(.notOffered, "one: not here")

    @Test func theFirstThatIsOfferedIsTaken() async throws {
        let first = ScriptedSignIn(.success("never"), check: missing)
        let second = ScriptedSignIn(.failure(AzureError(.notOffered, "two: nobody")))
        let third = ScriptedSignIn(.success("third"))
        let fourth = ScriptedSignIn(.success("fourth"))
        let chain = SignInChain([first, second, third, fourth].map { .init($0) })
        #expect(text(try await chain.acquire("a").secret) == "third")
        #expect(first.acquired.withLock { $0 } == 0)
        #expect(fourth.acquired.withLock { $0 } == 0)
    }

    @Test func whatWasTakenIsKept() async throws {
        let first = ScriptedSignIn(.failure(AzureError(.notOffered, "one: nobody")))
        let second = ScriptedSignIn(.success("second"))
        let chain = SignInChain([.init(first), .init(second)])
        for _ in 0..<3 { #expect(text(try await chain.acquire("a").secret) == "second") }
        #expect(first.acquired.withLock { $0 } == 1)
        #expect(second.acquired.withLock { $0 } == 3)
    }

    @Test(arguments: AzureError.Code.allCases.filter { $0 != .notOffered })
    func whatIsOfferedAndFailsEndsTheSearch(_ code: AzureError.Code) async {
        let first = ScriptedSignIn(.failure(AzureError(code, "no")))
        let second = ScriptedSignIn(.success("second"))
        let chain = SignInChain([.init(first), .init(second)])
        #expect(await chain.failure() == AzureError(code, "no"))
        #expect(second.acquired.withLock { $0 } == 0)
    }

    @Test func whereNoneIsOfferedEachReasonIsTold() async {
        let chain = SignInChain([
            .init("environment", missing: "A is not set"),
            .init(ScriptedSignIn(.success(""), check: missing)),
        ])
        let failure = await chain.failure()
        #expect(failure?.code == .signIn)
        #expect(
            failure?.message
                == "there is no account to sign in with:\n  environment: A is not set\n  one: not here")
    }
}
