internal import Azure
internal import SecretMemory
internal import Settings

/// `method: auto`, which is azure-identity's `DefaultAzureCredential` in order and variables, as far as its
/// members make sense without a person at a browser.
extension SignInChooser {
    /// The members, in their order.
    private enum Member: String, CaseIterable {
        case environment = "EnvironmentCredential"
        case workloadIdentity = "WorkloadIdentityCredential"
        case managedIdentity = "ManagedIdentityCredential"
        case azureCLI = "AzureCliCredential"
    }

    /// The first of the members that the surroundings offer.
    ///
    /// - Throws: where a variable names a certificate, an authority or a member that is not to be had.
    func chain() throws(FleetError) -> Choice {
        var links: [SignInChain.Link] = []
        for member in try members() { links.append(try link(member)) }
        return Choice(signIn: SignInChain(links), tenant: tenant)
    }

    private var tenant: String? { auth.tenant ?? value("AZURE_TENANT_ID") }
    private var application: String? { auth.client ?? value("AZURE_CLIENT_ID") }

    /// Those that AZURE_TOKEN_CREDENTIALS leaves: `dev`, `prod`, or one by its name in azure-identity.
    private func members() throws(FleetError) -> [Member] {
        guard let wish = value("AZURE_TOKEN_CREDENTIALS") else { return Member.allCases }
        switch wish.lowercased() {
        case "dev": return [.azureCLI]
        case "prod": return [.environment, .workloadIdentity, .managedIdentity]
        case let name:
            guard let member = Member.allCases.first(where: { $0.rawValue.lowercased() == name }) else {
                let known = ["dev", "prod"] + Member.allCases.map(\.rawValue)
                throw wrong(
                    "the environment's AZURE_TOKEN_CREDENTIALS is \(wish), a way of signing in that is not known",
                    hint: "known are \(known.joined(separator: ", "))")
            }
            return [member]
        }
    }

    private func link(_ member: Member) throws(FleetError) -> SignInChain.Link {
        switch member {
        case .environment: return try environmentLink()
        case .workloadIdentity:
            let missing = missing(["AZURE_FEDERATED_TOKEN_FILE"])
            guard missing.isEmpty, let path = value("AZURE_FEDERATED_TOKEN_FILE") else {
                return SignInChain.Link("workload identity", missing: Self.notSet(missing))
            }
            let choice = try assertion(tenant, application, from: AssertionFile(path), at: try authority())
            return SignInChain.Link(choice.signIn)
        case .managedIdentity: return SignInChain.Link(machine(application))
        case .azureCLI:
            return SignInChain.Link(AzureCLISignIn(environment: environment, tenant: auth.tenant))
        }
    }

    /// An application by its secret, before one by its certificate.
    private func environmentLink() throws(FleetError) -> SignInChain.Link {
        let name = "environment"
        let missing = missing([])
        guard missing.isEmpty, let tenant, let application else {
            return SignInChain.Link(name, missing: Self.notSet(missing))
        }
        let authority = try authority()
        if let secret = secret("AZURE_CLIENT_SECRET") {
            return SignInChain.Link(
                ClientSecretSignIn(
                    Entra(authority, client: client), tenant: tenant, client: application, secret: secret))
        }
        if let path = value("AZURE_CLIENT_CERTIFICATE_PATH") {
            let certificate = try certificate(
                path, password: secret("AZURE_CLIENT_CERTIFICATE_PASSWORD"), "AZURE_CLIENT_CERTIFICATE_PATH")
            return SignInChain.Link(
                try assertion(tenant, application, from: certificate, at: authority).signIn)
        }
        return SignInChain.Link(
            name, missing: "neither AZURE_CLIENT_SECRET nor AZURE_CLIENT_CERTIFICATE_PATH is set")
    }

    /// Which of the variables that name an account, and of `others`, are not set.
    private func missing(_ others: [String]) -> [String] {
        (tenant == nil ? ["AZURE_TENANT_ID"] : []) + (application == nil ? ["AZURE_CLIENT_ID"] : [])
            + others.filter { value($0) == nil }
    }

    private static func notSet(_ names: [String]) -> String {
        "\(names.joined(separator: ", ")) \(names.count == 1 ? "is" : "are") not set"
    }
}
