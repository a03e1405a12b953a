/// A way of signing in.
public protocol SignIn: Sendable {
    /// Finds out, at little cost, whether this way is to be had here at all.
    ///
    /// - Throws: ``AzureError/Code/notOffered`` where it is not; a ``SignInChain`` then goes on to the next.
    func check() async throws(AzureError)

    /// A new token for `audience`, from whoever issues them.
    func acquire(_ audience: String) async throws(AzureError) -> AccessToken
}

extension SignIn {
    /// What was configured is to be had.
    public func check() async throws(AzureError) {}
}

extension AzureError {
    /// The same refusal where it is about the account that signs in.
    ///
    /// A secret or an identity that was just made is refused until it has spread; one that was configured is
    /// refused for good.
    func aboutOurAccount(hint: String) -> AzureError {
        code == .secretRefused ? self.as(.signIn, hint: hint) : self
    }
}
