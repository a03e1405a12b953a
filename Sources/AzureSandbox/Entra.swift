internal import FoundationEssentials

/// Entra's sign-in, as far as a client without a user needs it: the client-credentials grant and discovery.
struct Entra: Sendable {
    let endpoints: Endpoints
    let tokens: AccessTokens
    /// The one kind of client assertion that Entra knows.
    private static let assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    /// Microsoft Graph's application id, which may stand for its URL.
    static let graphId = "00000003-0000-0000-c000-000000000000"

    /// Answers a request to login.localhost.
    func answer(_ request: WireRequest, _ cloud: inout Cloud, at now: Date) -> WireAnswer {
        let correlation = request.header("client-request-id") ?? Random.guid()
        let trace = Random.guid()
        let answer: WireAnswer
        do throws(EntraError) {
            answer = try route(request, &cloud, at: now)
        } catch {
            answer = error.answer(
                at: now, trace: trace, correlation: correlation, errorPage: endpoints.login + "/error")
        }
        return answer.with([
            ("cache-control", "no-store, no-cache"), ("pragma", "no-cache"),
            ("strict-transport-security", "max-age=31536000; includeSubDomains"),
            ("x-content-type-options", "nosniff"), ("x-ms-request-id", trace),
            ("client-request-id", correlation),
        ])
    }

    private func route(_ request: WireRequest, _ cloud: inout Cloud, at now: Date) throws(EntraError)
        -> WireAnswer
    {
        let path = request.path
        switch (request.method, path.count) {
        case ("GET", 3) where path[1...] == ["discovery", "instance"]:
            return discovery(cloud)
        case ("GET", 4) where path[1...] == ["v2.0", ".well-known", "openid-configuration"]:
            return configuration(try tenant(path[0], cloud), version: "/v2.0")
        case ("GET", 3) where path[1...] == [".well-known", "openid-configuration"]:
            return configuration(try tenant(path[0], cloud), version: "")
        case ("GET", 4) where path[1...] == ["discovery", "v2.0", "keys"],
            ("GET", 3) where path[1...] == ["discovery", "keys"]:
            // Access tokens are signed with a key that stays here, and there are no tokens for users.
            return WireAnswer(200, ["keys": []])
        case (_, 4) where path[1...] == ["oauth2", "v2.0", "token"]:
            guard request.method == "POST" else { throw .postRequired }
            // An application signs in to its own tenant: `common` has none.
            let tenant = try tenant(path[0], cloud, allowsCommon: false)
            return try token(request, tenant: tenant, &cloud, at: now)
        default:
            return WireAnswer(404)
        }
    }

    private func tenant(_ name: String, _ cloud: Cloud, allowsCommon: Bool = true) throws(EntraError)
        -> String
    {
        let known = [cloud.tenant, cloud.domain] + (allowsCommon ? ["common", "organizations"] : [])
        guard known.contains(name.lowercased()) else { throw .unknownTenant(name) }
        return cloud.tenant
    }

    private func token(_ request: WireRequest, tenant: String, _ cloud: inout Cloud, at now: Date)
        throws(EntraError) -> WireAnswer
    {
        guard let form = PercentEncoding.parameters(String(decoding: request.body, as: UTF8.self)) else {
            throw .malformedRequest
        }
        func field(_ name: String) -> String? {
            form.first { $0.name == name && !$0.value.isEmpty }?.value
        }
        guard let grant = field("grant_type") else { throw .missing("grant_type") }
        guard grant == "client_credentials" else { throw .unsupportedGrant(grant) }
        guard let clientId = field("client_id")?.lowercased() else { throw .missing("client_id") }
        guard let scope = field("scope") else { throw .missing("scope") }
        let audience = try audience(of: scope, tenant: tenant)
        if let assertion = field("client_assertion") {
            guard field("client_assertion_type") == Self.assertionType else { throw .malformedRequest }
            try check(assertion, of: clientId, at: request.path[0], cloud, now)
        } else {
            guard let secret = field("client_secret") else { throw .noCredential }
            switch cloud.signIn(clientId, secret: secret, at: now) {
            case .unknownClient: throw .unknownClient(clientId, tenant: tenant)
            case .wrongSecret: throw .wrongSecret(clientId)
            case .expired: throw .expiredSecret(clientId)
            case .accepted: break
            }
        }
        guard let principal = cloud.directory.primary.object(.servicePrincipal, appId: clientId) else {
            throw .unknownClient(clientId, tenant: tenant)
        }
        let token = tokens.issue(
            to: Caller(appId: clientId, objectId: principal.id), audience: audience,
            issuer: "\(endpoints.login)/\(tenant)/", tenant: tenant, at: now)
        return WireAnswer(
            200,
            [
                "token_type": "Bearer", "expires_in": .integer(AccessTokens.lifetime),
                "ext_expires_in": .integer(AccessTokens.lifetime), "access_token": .string(token),
            ])
    }

    /// The audience that a scope asks for: one resource and `/.default`.
    private func audience(of scope: String, tenant: String) throws(EntraError) -> String {
        // OpenID Connect's own scopes may stand beside the resource's.
        let scopes = scope.split(separator: " ").map(String.init)
            .filter { !["openid", "profile", "offline_access"].contains($0) }
        guard scopes.count == 1, let wanted = scopes.first else { throw .invalidScope(scope) }
        guard wanted.hasSuffix("/.default") else { throw .scopeWithoutDefault(scope) }
        // A resource may end in a slash itself; the token's audience then does, too.
        let resource = String(wanted.dropLast("/.default".count))
        let name = resource.hasSuffix("/") ? String(resource.dropLast()) : resource
        let known = [endpoints.graph, endpoints.management, endpoints.vaultAudience, Self.graphId]
        guard known.contains(name) else { throw .unknownResource(resource, tenant: tenant) }
        return resource
    }
}

// MARK: Discovery

extension Entra {
    private func discovery(_ cloud: Cloud) -> WireAnswer {
        let host = "login.localhost:\(endpoints.port)"
        return WireAnswer(
            200,
            [
                "tenant_discovery_endpoint":
                    "\(endpoints.login)/\(cloud.tenant)/v2.0/.well-known/openid-configuration",
                "api-version": "1.1",
                "metadata": [
                    [
                        "preferred_network": .string(host), "preferred_cache": .string(host),
                        "aliases": [.string(host)],
                    ]
                ],
            ])
    }

    private func configuration(_ tenant: String, version: String) -> WireAnswer {
        let base = "\(endpoints.login)/\(tenant)"
        return WireAnswer(
            200,
            [
                "token_endpoint": "\(base)/oauth2\(version)/token",
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
                "jwks_uri": "\(base)/discovery\(version)/keys",
                "response_modes_supported": ["query", "fragment", "form_post"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
                "issuer": "\(base)\(version.isEmpty ? "/" : version)",
                "request_uri_parameter_supported": false,
                "authorization_endpoint": "\(base)/oauth2\(version)/authorize",
                "device_authorization_endpoint": "\(base)/oauth2\(version)/devicecode",
                "tenant_region_scope": "EU",
                "cloud_instance_name": "localhost",
                "cloud_graph_host_name": "graph.localhost",
                "msgraph_host": "graph.localhost",
            ])
    }
}
