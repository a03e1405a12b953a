internal import FoundationEssentials
internal import Glibc
internal import SecretMemory

/// Signing in as whoever `az login` signed in.
///
/// The Azure CLI is asked for a token; its own files are left alone. Source: azure-identity's
/// `AzureCliCredential`.
public struct AzureCLISignIn: SignIn {
    private let environment: [String: String]
    private let tenant: String?
    private let patience: Duration

    /// Variables that hold a secret of credferry's own, which the CLI has no use for.
    private static let withheld: Set = ["AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PASSWORD"]

    /// The session of the CLI that `environment` leads to.
    ///
    /// - Parameter tenant: the tenant to get tokens of; `nil` is that of the CLI's current subscription.
    public init(environment: [String: String], tenant: String?) {
        self.init(environment: environment, tenant: tenant, patience: .seconds(30))
    }

    init(environment: [String: String], tenant: String?, patience: Duration) {
        self.environment = environment.filter { !Self.withheld.contains($0.key) }
            .merging(["AZURE_CORE_NO_COLOR": "true"]) { _, new in new }
        self.tenant = tenant
        self.patience = patience
    }

    /// Looks for the CLI.
    public func check() throws(AzureError) {
        _ = try executable()
    }

    /// A new token for `audience`.
    ///
    /// - Throws: ``AzureError/Code/notOffered`` where there is no CLI, or nobody has signed in to it.
    public func acquire(_ audience: String) async throws(AzureError) -> AccessToken {
        var arguments = ["account", "get-access-token", "--output", "json", "--resource", audience]
        if let tenant { arguments += ["--tenant", tenant] }
        return try Self.read(try await run(try executable(), arguments))
    }

    private func run(
        _ executable: String, _ arguments: [String]
    ) async throws(AzureError) -> ToolRun.Result {
        do throws(ToolRun.Problem) {
            let run = try ToolRun(executable, arguments, environment: environment)
            return try await run.result(within: patience)
        } catch {
            switch error {
            case .cannotStart(let reason):
                throw AzureError(.signIn, "Azure CLI: \(executable) cannot be started: \(reason)")
            case .tooSlow:
                throw AzureError(
                    .signIn, "Azure CLI: no token after \(patience.components.seconds) s",
                    hint: "try `az account get-access-token`")
            case .tooMuch: throw AzureError(.malformed, "Azure CLI: it says more than any token has")
            case .cancelled: throw AzureError(.cancelled, "Azure CLI: gave up signing in")
            }
        }
    }

    private struct Answer: Decodable {
        let expiresOn: Double

        enum CodingKeys: String, CodingKey { case expiresOn = "expires_on" }
    }

    private static func read(_ result: consuming ToolRun.Result) throws(AzureError) -> AccessToken {
        guard result.status == 0 else { throw error(result.status, result.log) }
        let token: SharedSecret
        do throws(SecretJSONError) {
            token = SharedSecret(try result.output.cutJSONString(at: ["accessToken"]))
        } catch {
            throw AzureError(
                .malformed, "Azure CLI: its answer has no accessToken",
                hint: "try `az account get-access-token`")
        }
        let data = result.output.withUnsafeBytes { Data($0) }
        guard let answer = try? JSONDecoder().decode(Answer.self, from: data) else {
            throw AzureError(
                .malformed, "Azure CLI: its answer has no expires_on", hint: "update the CLI to 2.54 or later"
            )
        }
        return AccessToken(secret: token, expiresAt: Date(timeIntervalSince1970: answer.expiresOn))
    }

    /// What a run means that has failed.
    private static func error(_ status: CInt, _ log: String) -> AzureError {
        // An error of Entra's names `az login` as a remedy, too.
        if log.contains("az login") || log.contains("az account set"), !log.contains("AADSTS") {
            return AzureError(
                .notOffered, "Azure CLI: nobody has signed in to it", hint: "run `az login`")
        }
        let line = log.split(whereSeparator: \.isNewline).map(String.init)
            .first { $0.hasPrefix("ERROR: ") }?.dropFirst("ERROR: ".count)
        let said = line.map { ": \($0.prefix(600))" } ?? ""
        return AzureError(
            .signIn, "Azure CLI: no token (exit status \(status))\(said)",
            hint: log.contains("az login") ? "run `az login` again" : "try `az account get-access-token`")
    }

    /// Where the CLI is; folders that are not named from the root are passed over, since what they hold depends
    /// on where this happens to run.
    private func executable() throws(AzureError) -> String {
        for folder in (environment["PATH"] ?? "").split(separator: ":") where folder.hasPrefix("/") {
            let path = "\(folder)/az"
            var status = stat()
            if access(path, X_OK) == 0, stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG {
                return path
            }
        }
        throw AzureError(
            .notOffered, "Azure CLI: there is no `az` in PATH", hint: "install it, then run `az login`")
    }
}
