internal import CLibcurl

extension Exchange {
    /// The request as errors name it.
    var shown: String { "\(request.method.rawValue) \(target.shown)" }

    /// What is said of a task that was cancelled, or a client that was closed.
    func cancelled(_ why: String) -> HTTPError {
        HTTPError(.cancelled, "\(shown): \(why)", mayHaveBeenSent: mayHaveBeenSent)
    }

    /// The time given is over.
    func overdue() -> HTTPError {
        HTTPError(
            .timeout,
            mayHaveBeenSent
                ? "\(shown): no complete answer within \(request.timeout)"
                : "\(shown): no connection within \(request.timeout)",
            hint: mayHaveBeenSent ? "try again later" : Self.connectHint,
            mayHaveBeenSent: mayHaveBeenSent)
    }

    /// How the transfer ended, as an error; `nil` where it ended well.
    func failure(_ result: CURLcode, _ curl: Curl, _ trust: Trust) -> HTTPError? {
        if result == CURLE_OK {
            // libcurl finds nothing wrong with an answer that breaks off between its header fields.
            guard !hasHead else { return nil }
            return HTTPError(
                .connectionLost,
                "\(shown): the answer breaks off within its header fields, or is no HTTP/1.1",
                hint: Self.lostHint, mayHaveBeenSent: true)
        }
        if let refusal {
            return HTTPError(.tooLarge, "\(shown): \(refusal)", mayHaveBeenSent: true)
        }
        let code = mayHaveBeenSent ? Self.codeOfExchange(result) : Self.codeOfConnecting(result)
        let why = explained ?? curl.text(of: result)
        let hint: String? =
            switch code {
            case .cannotResolve: "check the name in the URL and this machine's DNS"
            case .cannotConnect, .timeout: Self.connectHint
            case .tls: tlsHint(trust)
            case .connectionLost: Self.lostHint
            default: nil
            }
        return HTTPError(
            code, "\(shown): \(why)", hint: hint,
            mayHaveBeenSent: mayHaveBeenSent)
    }

    private static let connectHint =
        "check the address, the firewall, and the proxy in https_proxy where one is needed"

    private static let lostHint = "try again; look at what became of the request first where that matters"

    private func tlsHint(_ trust: Trust) -> String {
        let authorities = trust.files + [trust.directory].compactMap { $0 }
        return "trusted are the authorities in \(authorities.joined(separator: " and "));"
            + " name the file of a private one in `certificateAuthorities`"
    }

    /// What a failure before the request could be written means.
    private static func codeOfConnecting(_ result: CURLcode) -> HTTPError.Code {
        switch result {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .cannotResolve
        case CURLE_OPERATION_TIMEDOUT: .timeout
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: .invalidRequest
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED,
            CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_PEER_FAILED_VERIFICATION,
            CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_SHUTDOWN_FAILED,
            CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_PINNEDPUBKEYNOTMATCH,
            CURLE_SSL_INVALIDCERTSTATUS:
            .tls
        case CURLE_OUT_OF_MEMORY, CURLE_FAILED_INIT, CURLE_NOT_BUILT_IN, CURLE_UNKNOWN_OPTION,
            CURLE_BAD_FUNCTION_ARGUMENT:
            .unavailable
        default: .cannotConnect
        }
    }

    /// What a failure afterwards means.
    private static func codeOfExchange(_ result: CURLcode) -> HTTPError.Code {
        switch result {
        case CURLE_OPERATION_TIMEDOUT: .timeout
        // A header line longer than libcurl's own limit of 100 kB ends like this.
        case CURLE_OUT_OF_MEMORY: .tooLarge
        default: .connectionLost
        }
    }
}
