internal import Azure
internal import HTTP
internal import Rotation
internal import SecretMemory
internal import Settings

/// Turns `auth:` of the configuration, and the environment, into a way of signing in.
struct SignInChooser {
    let auth: AuthSettings
    /// The configuration's file, for messages.
    let file: String
    let environment: [String: String]
    let cloud: Cloud
    let client: HTTPClient

    /// A way of signing in, and the tenant that it names.
    struct Choice {
        let signIn: any SignIn
        let tenant: String?
    }

    /// The way that the configuration asks for.
    ///
    /// - Throws: ``FleetError/Code/configuration`` where something that it takes is missing or cannot be read.
    func choose() throws(FleetError) -> Choice {
        switch auth.method {
        case .auto: try chain()
        case .clientSecret: try clientSecret()
        case .clientCertificate: try clientCertificate()
        case .workloadIdentity: try workloadIdentity()
        case .managedIdentity: try managedIdentity()
        case .azureCLI:
            Choice(
                signIn: AzureCLISignIn(environment: environment, tenant: auth.tenant), tenant: auth.tenant)
        case .githubOIDC:
            try assertion(
                auth.tenant, auth.client,
                from: GitHubAssertions(
                    url: value("ACTIONS_ID_TOKEN_REQUEST_URL"),
                    token: secret("ACTIONS_ID_TOKEN_REQUEST_TOKEN"), client: client))
        case .azurePipelines:
            try assertion(
                auth.tenant ?? value("AZURESUBSCRIPTION_TENANT_ID"),
                auth.client ?? value("AZURESUBSCRIPTION_CLIENT_ID"),
                from: AzurePipelinesAssertions(
                    url: value("SYSTEM_OIDCREQUESTURI"),
                    connection: value("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"),
                    token: secret("SYSTEM_ACCESSTOKEN"), client: client))
        }
    }

    // MARK: Applications

    private func clientSecret() throws(FleetError) -> Choice {
        let (tenant, application) = try account(auth.tenant, auth.client)
        let secret: SharedSecret
        if let file = auth.secretFile {
            secret = try read(file, "secretFile")
        } else {
            let name = auth.secretEnvironment ?? ""
            guard let value = self.secret(name) else {
                throw wrong("the environment's \(name), which should hold the secret, is not set")
            }
            secret = value
        }
        return Choice(
            signIn: ClientSecretSignIn(
                Entra(cloud, client: client), tenant: tenant, client: application, secret: secret),
            tenant: tenant)
    }

    private func clientCertificate() throws(FleetError) -> Choice {
        let password: SharedSecret? =
            if let file = auth.certificatePasswordFile { try read(file, "certificatePasswordFile") } else {
                nil
            }
        return try assertion(
            auth.tenant, auth.client,
            from: try certificate(auth.certificateFile ?? "", password: password, "certificateFile"))
    }

    func certificate(
        _ path: String, password: SharedSecret?, _ key: String
    ) throws(FleetError) -> ClientCertificate {
        let content: SharedSecret
        do throws(SecretSource.Problem) {
            content = try SecretSource.file(path, isText: false)
        } catch {
            throw wrong("\(key) \(path): \(error.message)", hint: error.hint)
        }
        do throws(ClientCertificate.Problem) {
            return try ClientCertificate(content.secret, password: password)
        } catch {
            throw wrong("\(key) \(path): \(error.message)", hint: error.hint)
        }
    }

    private func workloadIdentity() throws(FleetError) -> Choice {
        guard let path = value("AZURE_FEDERATED_TOKEN_FILE") else {
            throw FleetError(
                .failure(.signIn), "workload identity: AZURE_FEDERATED_TOKEN_FILE is not set",
                hint:
                    "label the pod azure.workload.identity/use, and give its service account the client's id")
        }
        return try assertion(
            auth.tenant ?? value("AZURE_TENANT_ID"), auth.client ?? value("AZURE_CLIENT_ID"),
            from: AssertionFile(path), at: try authority())
    }

    func assertion(
        _ tenant: String?, _ application: String?, from source: any AssertionSource,
        at authority: Cloud? = nil
    ) throws(FleetError) -> Choice {
        let (tenant, application) = try account(tenant, application)
        return Choice(
            signIn: AssertionSignIn(
                Entra(authority ?? cloud, client: client), tenant: tenant, client: application,
                source: source),
            tenant: tenant)
    }

    // MARK: The machine

    /// As in azure-identity, a pod's workload identity counts as the machine's where nothing nearer is there.
    private func managedIdentity() throws(FleetError) -> Choice {
        let isElsewhere = value("IDENTITY_ENDPOINT") != nil || value("MSI_ENDPOINT") != nil
        if !isElsewhere, value("AZURE_FEDERATED_TOKEN_FILE") != nil, value("AZURE_TENANT_ID") != nil,
            value("AZURE_CLIENT_ID") != nil
        {
            return try workloadIdentity()
        }
        return Choice(signIn: machine(auth.client), tenant: auth.tenant)
    }

    func machine(_ identity: String?) -> ManagedIdentitySignIn {
        ManagedIdentitySignIn(
            ManagedIdentityHost(environment: environment, secret: secret), identity: identity,
            client: client)
    }

    // MARK: The environment

    /// The cloud with the authority that AZURE_AUTHORITY_HOST names, where it does; a scheme may be missing.
    func authority() throws(FleetError) -> Cloud {
        guard let host = value("AZURE_AUTHORITY_HOST") else { return cloud }
        let url = host.contains("://") ? host : "https://\(host)"
        guard url.lowercased().hasPrefix("https://") else {
            throw wrong("the environment's AZURE_AUTHORITY_HOST is \(host), which is not encrypted")
        }
        return cloud.withAuthority(url)
    }

    /// A variable that is no secret; `nil` where it is empty, too.
    func value(_ name: String) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A variable that is one, copied from where the kernel put it.
    func secret(_ name: String) -> SharedSecret? {
        SecretSource.environment(name).flatMap { $0.secret.count > 0 ? $0 : nil }
    }

    private func read(_ file: String, _ key: String) throws(FleetError) -> SharedSecret {
        do throws(SecretSource.Problem) {
            return try SecretSource.file(file)
        } catch {
            throw wrong("\(key) \(file): \(error.message)", hint: error.hint)
        }
    }

    private func account(
        _ tenant: String?, _ application: String?
    ) throws(FleetError) -> (tenant: String, application: String) {
        guard let tenant, let application else {
            throw wrong(
                "\(tenant == nil ? "tenant" : "client") is missing for method \(auth.method.rawValue)",
                hint: "write it into `auth:`, or run this where the environment names it")
        }
        return (tenant, application)
    }

    func wrong(_ message: String, hint: String? = nil) -> FleetError {
        FleetError(.configuration, "\(file): auth: \(message)", hint: hint)
    }
}
