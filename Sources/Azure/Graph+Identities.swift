internal import FoundationEssentials
internal import HTTP
internal import SecretMemory

/// Making, disabling and deleting applications and service principals.
extension Graph {
    private struct Page: Decodable {
        let value: [DirectoryObject]
    }

    /// The applications with exactly this name, as the replica that answers knows them.
    public func applications(named displayName: String) async throws(AzureError) -> [DirectoryObject] {
        let filter = "displayName%20eq%20'\(Self.literal(displayName))'"
        let call = ServiceCall(
            .graph, "look for the application \(displayName)", .get,
            "\(endpoint)/applications?$filter=\(filter)&$select=id,appId,displayName,passwordCredentials",
            audience: audience)
        let page: Page = try await answer(call)
        // Graph compares without regard to case.
        return page.value.filter { $0.displayName == displayName }
    }

    /// Makes an application for this tenant alone, and asks no second time unless it is certain that the first
    /// did nothing.
    ///
    /// - Parameter properties: what it has beside its name, as Graph's `application`.
    /// - Throws: ``AzureError/Code/answerLost`` where it may have been made.
    public func makeApplication(
        named displayName: String, _ properties: ApplicationProperties = .init()
    ) async throws(AzureError) -> DirectoryObject {
        let body = try properties.body(named: displayName)
        let call = ServiceCall(
            .graph, "make the application \(displayName)", .post, "\(endpoint)/applications",
            audience: audience, body: body, repetition: .ifNotDone)
        do throws(AzureError) {
            return try await answer(call)
        } catch {
            // It was made, but what was answered is of no use.
            throw error.code == .malformed ? error.as(.answerLost) : error
        }
    }

    private func answer<Value: Decodable>(_ call: ServiceCall) async throws(AzureError) -> Value {
        let response = try await transport.send(call)
        return try call.decode(response.body.bytes)
    }

    /// Makes the service principal of an application; one that is there already is given back.
    ///
    /// - Throws: ``AzureError/Code/notKnownYet`` where a replica of the directory does not know the application.
    public func makeServicePrincipal(appId: String) async throws(AzureError) -> DirectoryObject {
        var body = SecretBuffer()
        body.append("{\"appId\":")
        body.appendJSONString(appId)
        body.append("}")
        let call = ServiceCall(
            .graph, "make the service principal of \(appId)", .post, "\(endpoint)/servicePrincipals",
            audience: audience, body: body)
        do throws(AzureError) {
            return try await answer(call)
        } catch {
            if error.code == .refused, Self.isReplication(error.message) { throw error.as(.notKnownYet) }
            guard error.code == .conflict else { throw error }
        }
        do throws(AzureError) {
            return try await object(.servicePrincipal, appId: appId)
        } catch {
            throw error.code == .notFound ? error.as(.notKnownYet) : error
        }
    }

    /// The words that azure-cli's create-for-rbac takes for replication delay.
    private static func isReplication(_ message: String) -> Bool {
        [
            " does not reference ", " does not exist ", "must in the local tenant",
            "must be in the local tenant",
        ]
        .contains { message.contains($0) }
    }

    /// Changes what an application has beside its name.
    public func change(
        application objectId: String, _ properties: ApplicationProperties
    ) async throws(AzureError) {
        let call = ServiceCall(
            .graph, "change the application \(objectId)", .patch,
            "\(endpoint)/applications/\(URLText.segment(objectId))", audience: audience,
            body: try properties.body(named: nil))
        _ = try await transport.send(call)
    }

    /// Disables a service principal: it can sign in no more; or enables it again.
    public func setEnabled(
        _ isEnabled: Bool, servicePrincipal objectId: String
    ) async throws(AzureError) {
        var body = SecretBuffer()
        body.append("{\"accountEnabled\":\(isEnabled)}")
        let call = ServiceCall(
            .graph, "\(isEnabled ? "enable" : "disable") the service principal \(objectId)", .patch,
            "\(endpoint)/servicePrincipals/\(URLText.segment(objectId))", audience: audience, body: body)
        _ = try await transport.send(call)
    }

    /// Deletes an object, which need not be there; an application takes its service principal with it.
    public func delete(_ kind: ObjectKind, objectId: String) async throws(AzureError) {
        let call = ServiceCall(
            .graph, "delete the \(kind.words) \(objectId)", .delete,
            "\(endpoint)/\(kind.path)/\(URLText.segment(objectId))", audience: audience)
        do throws(AzureError) {
            _ = try await transport.send(call)
        } catch {
            guard error.code == .notFound else { throw error }
        }
    }
}
