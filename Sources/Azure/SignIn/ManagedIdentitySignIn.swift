internal import FoundationEssentials
public import HTTP
internal import SecretMemory

/// Signing in with the identity that Azure gives to the machine that this runs on.
///
/// Source: Microsoft's "How to use managed identities for Azure resources on an Azure VM to acquire an access
/// token", and azure-identity for the other hosts.
public struct ManagedIdentitySignIn: SignIn {
    private let host: ManagedIdentityHost
    private let identity: String?
    private let client: HTTPClient
    private let transport: Transport
    private let arcTokens: String

    /// The identity of the machine that `host` is.
    ///
    /// - Parameter identity: the application id of a user-assigned identity; `nil` is the system-assigned one.
    public init(_ host: ManagedIdentityHost, identity: String?, client: HTTPClient) {
        self.init(host, identity: identity, client: client, arcTokens: "/var/opt/azcmagent/tokens")
    }

    /// - Parameter arcTokens: the folder into which Arc's agent writes what only its readers may know.
    init(_ host: ManagedIdentityHost, identity: String?, client: HTTPClient, arcTokens: String) {
        self.host = host
        self.identity = identity
        self.client = client
        self.arcTokens = arcTokens
        // A metadata service that is being updated is back after 70 s.
        transport = Transport(client: client, tokens: nil, patience: .seconds(75))
    }

    /// Looks whether the metadata service answers, where nothing says that there is one.
    ///
    /// The request lacks the header without which none is answered well: any refusal will do.
    public func check() async throws(AzureError) {
        guard case .virtualMachine(let endpoint, isCertain: false) = host else { return }
        var request = HTTPRequest(
            .get, endpoint + "/metadata/identity/oauth2/token?api-version=2018-02-01")
        request.timeout = .seconds(1)
        do throws(HTTPError) {
            let response = try await client.send(request)
            // Docker Desktop answers in the place of a metadata service that is out of reach.
            guard response.status == 403 else { return }
            throw HTTPError(.cannotConnect, "it is out of reach")
        } catch {
            throw AzureError(
                .notOffered, "managed identity: there is no metadata service at \(endpoint)",
                hint: "a machine's identity is to be had on the machine alone")
        }
    }

    /// A new token for `audience`.
    ///
    /// - Throws: ``AzureError/Code/notOffered`` where the machine has no such identity.
    public func acquire(_ audience: String) async throws(AzureError) -> AccessToken {
        var call = try host.call(resource: audience.withoutTrailingSlash, client: identity)
        if case .arc = host { call.request.secretField = try await answerChallenge(call) }
        do throws(AzureError) {
            return try read(try await transport.send(call), call)
        } catch {
            guard case .virtualMachine = host, error.status == 400 else { throw error }
            throw AzureError(
                .notOffered, error.message,
                hint: identity == nil
                    ? "assign an identity to the machine"
                    : "assign the identity to the machine, or correct `client`",
                status: error.status, serviceCode: error.serviceCode, requestId: error.requestId)
        }
    }

    private struct Answer: Decodable {
        let expiresIn: Double?
        let expiresOn: Double?
        let clientId: String?

        enum CodingKeys: String, CodingKey {
            case expiresIn = "expires_in"
            case expiresOn = "expires_on"
            case clientId = "client_id"
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            // Some hosts write numbers, most write them as strings.
            func number(_ key: CodingKeys) throws -> Double? {
                guard container.contains(key) else { return nil }
                if let number = try? container.decode(Double.self, forKey: key) { return number }
                return Double(try container.decode(String.self, forKey: key))
            }
            expiresIn = try number(.expiresIn)
            expiresOn = try number(.expiresOn)
            clientId = try? container.decodeIfPresent(String.self, forKey: .clientId)
        }
    }

    private func read(
        _ response: consuming HTTPResponse, _ call: ServiceCall
    ) throws(AzureError) -> AccessToken {
        let token = try call.cut(["access_token"], from: &response.body)
        let answer: Answer = try call.decode(response.body.bytes)
        // Older agents of Arc pass over the choice of an identity, and give the machine's own.
        if case .arc = host, let identity, answer.clientId?.lowercased() != identity.lowercased() {
            throw AzureError(
                .signIn, "managed identity: Azure Arc gave a token of another identity than \(identity)",
                hint: "update the agent, or leave `client` out to use the machine's own identity")
        }
        let now = Date()
        guard
            let expiresAt = answer.expiresOn.map(Date.init(timeIntervalSince1970:))
                ?? answer.expiresIn.map({ now + $0 })
        else { throw call.malformed("it has neither expires_on nor expires_in") }
        return AccessToken(secret: token, expiresAt: expiresAt)
    }

    // MARK: Azure Arc

    /// What Arc's agent wants to see: the content of a file that only administrators and its group can read.
    ///
    /// The agent names the file; a liar in its place could name any. So it has to be one of the agent's own
    /// folder, of the agent's own size and ending.
    private func answerChallenge(
        _ call: ServiceCall
    ) async throws(AzureError) -> HTTPRequest.SecretField {
        let challenge = try await challenge(call)
        let prefix = "Basic realm="
        let path = String(challenge.dropFirst(prefix.count))
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        guard challenge.lowercased().hasPrefix(prefix.lowercased()), path == "\(arcTokens)/\(name)",
            name.hasSuffix(".key")
        else {
            throw AzureError(
                .signIn,
                "managed identity: Azure Arc asks for a file that is not one of its own in \(arcTokens)")
        }
        let file: SharedSecret
        do throws(SecretSource.Problem) {
            file = try SecretSource.file(path)
        } catch {
            throw AzureError(
                .signIn,
                "managed identity: Azure Arc asks for \(path), which cannot be read: \(error.message)",
                hint: "let the user that credferry runs as be a member of the group himds")
        }
        guard file.secret.count <= 4_096 else {
            throw AzureError(.signIn, "managed identity: \(path) is larger than any key of Azure Arc's")
        }
        return HTTPRequest.SecretField(name: "Authorization", prefix: "Basic ", value: file)
    }

    private func challenge(_ call: ServiceCall) async throws(AzureError) -> String {
        let response = try await send(call)
        guard response.status == 401 else {
            throw 200..<300 ~= response.status
                ? call.malformed("it has no challenge") : call.error(response)
        }
        guard let challenge = response.headers.first("WWW-Authenticate") else {
            throw call.malformed("its challenge has no WWW-Authenticate")
        }
        return challenge
    }

    private func send(_ call: ServiceCall) async throws(AzureError) -> HTTPResponse {
        do throws(HTTPError) {
            return try await client.send(call.request)
        } catch {
            throw call.error(error)
        }
    }
}
