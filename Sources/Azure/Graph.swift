public import FoundationEssentials
public import HTTP
public import SecretMemory
internal import SinkCore

/// Microsoft Graph, version 1.0: applications, service principals and their credentials.
public struct Graph: Sendable {
    let transport: Transport
    let endpoint: String
    let audience: String

    /// Graph of `cloud`, signed in by `tokens`.
    public init(_ cloud: Cloud, client: HTTPClient, tokens: TokenCache) {
        endpoint = cloud.graphEndpoint + "/v1.0"
        audience = cloud.graphAudience
        transport = Transport(client: client, tokens: tokens)
    }

    /// The two objects that an application id stands for; each has credentials of its own.
    public enum ObjectKind: String, Sendable, Hashable, CaseIterable {
        /// The application, which the portal shows.
        case application
        /// The service principal, which `az ad sp credential reset` writes to.
        case servicePrincipal

        var path: String { self == .application ? "applications" : "servicePrincipals" }
        var words: String { self == .application ? "application" : "service principal" }
    }

    // MARK: Reading

    /// The object of `kind` with the application id `appId`.
    ///
    /// - Throws: ``AzureError/Code/notFound`` where the tenant has none.
    public func object(_ kind: ObjectKind, appId: String) async throws(AzureError) -> DirectoryObject {
        try await read("the \(kind.words) \(appId)", "\(kind.path)(appId='\(Self.literal(appId))')")
    }

    /// The object of `kind` with the object id `objectId`.
    ///
    /// - Throws: ``AzureError/Code/notFound`` where the tenant has none.
    public func object(_ kind: ObjectKind, objectId: String) async throws(AzureError) -> DirectoryObject {
        try await read("the \(kind.words) \(objectId)", "\(kind.path)/\(URLText.segment(objectId))")
    }

    private func read(_ what: String, _ path: String) async throws(AzureError) -> DirectoryObject {
        let call = ServiceCall(
            .graph, "read \(what)", .get,
            "\(endpoint)/\(path)?$select=id,appId,displayName,passwordCredentials", audience: audience)
        let response = try await transport.send(call)
        return try call.decode(response.body.bytes)
    }

    // MARK: Writing

    /// Adds a credential, and asks no second time unless it is certain that the first did nothing.
    ///
    /// - Parameter objectId: the object's own id.
    /// - Throws: ``AzureError/Code/answerLost`` where it may have been added.
    public func addPassword(
        _ kind: ObjectKind, objectId: String, displayName: String, notAfter: Date
    ) async throws(AzureError) -> AddedPassword {
        var body = SecretBuffer()
        body.append("{\"passwordCredential\":{\"displayName\":")
        body.appendJSONString(displayName)
        body.append(",\"endDateTime\":")
        body.appendJSONString(Timestamp.text(notAfter))
        body.append("}}")
        let call = ServiceCall(
            .graph, "add a credential to the \(kind.words) \(objectId)", .post,
            "\(endpoint)/\(kind.path)/\(URLText.segment(objectId))/addPassword", audience: audience,
            body: body, repetition: .ifNotDone)
        return try Self.read(try await transport.send(call), call)
    }

    private static func read(
        _ response: consuming HTTPResponse, _ call: ServiceCall
    ) throws(AzureError) -> AddedPassword {
        do throws(AzureError) {
            let secret = try call.cut(["secretText"], from: &response.body)
            let credential: PasswordCredential = try call.decode(response.body.bytes)
            guard secret.secret.count > 0 else { throw call.malformed("secretText is empty") }
            return AddedPassword(credential: credential, secret: secret)
        } catch {
            // It was added, but what was answered is of no use.
            throw AzureError(.answerLost, error.message, hint: error.hint, status: error.status)
        }
    }

    /// Removes a credential; one that is not there any more is no error.
    ///
    /// - Parameter objectId: the object's own id.
    /// - Returns: whether it was there.
    @discardableResult
    public func removePassword(
        _ kind: ObjectKind, objectId: String, keyId: String
    ) async throws(AzureError) -> Bool {
        var body = SecretBuffer()
        body.append("{\"keyId\":")
        body.appendJSONString(keyId)
        body.append("}")
        let call = ServiceCall(
            .graph, "remove credential \(keyId) of the \(kind.words) \(objectId)", .post,
            "\(endpoint)/\(kind.path)/\(URLText.segment(objectId))/removePassword", audience: audience,
            body: body)
        do throws(AzureError) {
            _ = try await transport.send(call)
            return true
        } catch {
            // Graph answers 400 or 404 to an unknown keyId, in words that have changed over time: look.
            guard error.code == .refused || error.code == .notFound,
                try await !holds(kind, objectId, keyId)
            else { throw error }
            return false
        }
    }

    private func holds(
        _ kind: ObjectKind, _ objectId: String, _ keyId: String
    ) async throws(AzureError) -> Bool {
        do throws(AzureError) {
            return try await object(kind, objectId: objectId).passwordCredentials
                .contains { $0.keyId == keyId }
        } catch {
            guard error.code == .notFound else { throw error }
            return false
        }
    }

    /// A string inside of quotes in an OData path or filter.
    static func literal(_ text: String) -> String {
        URLText.segment(text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''"))
    }
}

/// An application or a service principal.
public struct DirectoryObject: Decodable, Sendable, Equatable {
    /// The object's own id.
    public let id: String
    /// The application id.
    public let appId: String
    /// Its name.
    public let displayName: String?
    /// Its credentials; their secrets are never shown again.
    public let passwordCredentials: [PasswordCredential]
}

/// One of an object's credentials.
public struct PasswordCredential: Decodable, Sendable, Equatable {
    /// Its id.
    public let keyId: String
    /// Its name.
    public let displayName: String?
    /// When it begins to be valid.
    public let notBefore: Date
    /// When it expires.
    public let notAfter: Date

    private enum CodingKeys: String, CodingKey {
        case keyId, displayName
        case notBefore = "startDateTime"
        case notAfter = "endDateTime"
    }

    /// Reads Graph's `passwordCredential`; a moment that is left open lies in the distance.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        keyId = try container.decode(String.self, forKey: .keyId)
        displayName = try container.decodeIfPresent(String.self, forKey: .displayName)
        func date(_ key: CodingKeys) throws -> Date? {
            guard let text = try container.decodeIfPresent(String.self, forKey: key) else { return nil }
            guard let date = Timestamp.date(text) else {
                throw DecodingError.dataCorruptedError(
                    forKey: key, in: container, debugDescription: "no date")
            }
            return date
        }
        notBefore = try date(.notBefore) ?? .distantPast
        notAfter = try date(.notAfter) ?? .distantFuture
    }
}

/// A credential that was just added, with its secret.
public struct AddedPassword: Sendable {
    /// The credential.
    public let credential: PasswordCredential
    /// Its secret, which is never shown again.
    public let secret: SharedSecret
}
