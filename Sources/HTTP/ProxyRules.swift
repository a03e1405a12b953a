internal import CLibcurl

/// Which proxy a request goes through, by the variables that libcurl and most other programs know.
///
/// They are read once, here, since libcurl's own getenv(3) during a transfer could meet a setenv(3) of
/// another thread. There is none for plain HTTP: it goes to this machine and its own link alone, and
/// what goes there never goes through a proxy.
struct ProxyRules: Sendable {
    private let proxy: String
    private let exceptions: String

    init(environment: [String: String]) {
        func first(_ names: String...) -> String {
            names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        }
        proxy = first("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
        exceptions = first("no_proxy", "NO_PROXY")
    }

    func apply(to options: inout TransferOptions, for target: Target) {
        // Empty texts, unlike none, keep libcurl from looking into the environment.
        let isDirect = target.isLoopback || target.isLinkLocal
        options.set(CURLOPT_PROXY, isDirect ? "" : proxy)
        options.set(CURLOPT_NOPROXY, exceptions)
        // What a proxy answers to CONNECT is no part of the answer.
        options.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    }
}
