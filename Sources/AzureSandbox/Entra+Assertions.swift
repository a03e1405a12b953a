internal import FoundationEssentials

extension Entra {
    /// Checks what a client shows instead of a secret.
    ///
    /// One that the client has issued itself is signed with the key of a certificate of the application's; any
    /// other comes from an issuer that the application trusts.
    func check(
        _ text: String, of clientId: String, at realm: String, _ cloud: Cloud, _ now: Date
    ) throws(EntraError) {
        guard let principal = cloud.directory.primary.object(.servicePrincipal, appId: clientId),
            principal.isEnabled
        else { throw .unknownClient(clientId, tenant: cloud.tenant) }
        guard let assertion = ClientAssertion(text) else { throw .malformedAssertion }
        guard assertion.isValid(at: now) else { throw .untimely(assertion, at: now) }
        if assertion.issuer?.lowercased() == clientId {
            try checkCertificate(assertion, of: principal, at: realm, cloud)
        } else {
            try checkFederation(assertion, of: clientId, cloud)
        }
    }

    private func checkCertificate(
        _ assertion: ClientAssertion, of principal: DirectoryObject, at realm: String, _ cloud: Cloud
    ) throws(EntraError) {
        let clientId = principal.appId
        guard assertion.subject?.lowercased() == clientId else { throw .otherClient }
        let bases = [realm, cloud.tenant].map { "\(endpoints.login)/\($0)" }
        let audiences = bases.flatMap { ["\($0)/oauth2/v2.0/token", "\($0)/oauth2/token", "\($0)/v2.0"] }
        guard let audience = assertion.audience, audiences.contains(audience) else { throw .wrongRealm }
        let application = cloud.directory.primary.object(.application, appId: clientId)
        let certificates = (application?.certificates ?? []) + principal.certificates
        guard let certificate = certificates.first(where: assertion.names) else {
            throw .unregisteredKey(clientId)
        }
        guard assertion.isSigned(with: certificate) else { throw .wrongSignature(clientId) }
    }

    private func checkFederation(
        _ assertion: ClientAssertion, of clientId: String, _ cloud: Cloud
    ) throws(EntraError) {
        var trusted = cloud.federations.filter { $0.appId == clientId && $0.issuer == assertion.issuer }
        guard !trusted.isEmpty else { throw .noFederation("issuer", 700211, assertion.issuer) }
        trusted = trusted.filter { $0.subject == assertion.subject }
        guard !trusted.isEmpty else { throw .noFederation("subject", 700213, assertion.subject) }
        trusted = trusted.filter { $0.audience == assertion.audience }
        guard !trusted.isEmpty else { throw .noFederation("audience", 700212, assertion.audience) }
        guard trusted.contains(where: { assertion.isSigned(with: $0.key) }) else {
            throw .wrongFederatedSignature
        }
    }
}
