internal import CLibcurl
internal import SecretMemory

extension Exchange {
    /// Makes libcurl's transfer of this exchange; it is not begun.
    ///
    /// Each exchange gets a transfer of its own, since one that is used again keeps the last answer in its
    /// buffer. Connections outlive transfers.
    func makeTransfer(
        _ curl: Curl, _ options: HTTPClient.Options, _ trust: Trust, _ proxies: ProxyRules
    ) throws(HTTPError) -> UnsafeMutableRawPointer {
        if target.scheme == "https", let problem = trust.problem {
            throw HTTPError(
                .tls, "\(shown): \(problem)",
                hint: "check the file in `certificateAuthorities`, and in SSL_CERT_FILE where it is set")
        }
        guard let easy = curl.functions.pointee.easy_init() else {
            throw HTTPError(.unavailable, "\(shown): libcurl makes no transfer")
        }
        var transfer = TransferOptions(curl, easy)
        transfer.set(CURLOPT_URL, request.url)
        transfer.set(CURLOPT_PROTOCOLS_STR, target.scheme)
        transfer.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        transfer.set(CURLOPT_USERAGENT, options.userAgent)
        transfer.set(CURLOPT_HTTPHEADER, pointer: makeFields(curl))
        setContent(&transfer)

        // A library must neither install signal handlers nor write to the terminal.
        transfer.set(CURLOPT_NOSIGNAL, 1)
        transfer.set(CURLOPT_NOPROGRESS, 1)
        transfer.set(CURLOPT_ERRORBUFFER, pointer: explanationBuffer)
        transfer.setCloseOnExec()
        transfer.set(CURLOPT_TCP_NODELAY, 1)
        transfer.set(CURLOPT_CONNECTTIMEOUT_MS, options.connectTimeout.milliseconds)
        // Without it, ending a transfer while its name is being looked up waits for the look-up, and with
        // it every other transfer.
        transfer.set(CURLOPT_QUICK_EXIT, 1)
        transfer.set(CURLOPT_FRESH_CONNECT, request.connection == .pooled ? 0 : 1)
        transfer.set(CURLOPT_FORBID_REUSE, request.connection == .single ? 1 : 0)

        transfer.set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        transfer.set(CURLOPT_PROXY_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        transfer.set(CURLOPT_SSL_VERIFYPEER, 1)
        transfer.set(CURLOPT_SSL_VERIFYHOST, 2)
        transfer.setCleansing()
        trust.apply(to: &transfer)
        proxies.apply(to: &transfer, for: target)
        setCallbacks(&transfer)

        if let failure = transfer.failure {
            dispose(of: easy, curl)
            throw HTTPError(
                .unavailable, "\(shown): libcurl does not do what it must: \(curl.text(of: failure))")
        }
        self.easy = easy
        return easy
    }

    /// Gives back what the transfer used; libcurl zeroes it.
    func dispose(of easy: UnsafeMutableRawPointer, _ curl: Curl) {
        curl.functions.pointee.easy_cleanup(easy)
        freeFields(curl)
        self.easy = nil
    }

    private func setContent(_ transfer: inout TransferOptions) {
        transfer.set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        if let body = request.body {
            body.secret.withUnsafeBytes { bytes in
                // The pointer stays valid: the secret is never moved, and the request is held by this exchange.
                transfer.set(CURLOPT_POSTFIELDS, pointer: bytes.baseAddress)
                transfer.set(CURLOPT_POSTFIELDSIZE_LARGE, offset: bytes.count)
            }
        } else if [.post, .put, .patch].contains(request.method) {
            // These say that they have no content: `Content-Length: 0` (RFC 9110, section 8.6).
            transfer.set(CURLOPT_POST, 1)
            transfer.set(CURLOPT_POSTFIELDSIZE_LARGE, offset: 0)
        }
    }

    private func setCallbacks(_ transfer: inout TransferOptions) {
        // Unretained: the engine holds the exchange for as long as it has its transfer.
        let context = UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque())
        transfer.set(CURLOPT_PREREQDATA, pointer: context)
        transfer.set(CURLOPT_HEADERDATA, pointer: context)
        transfer.set(CURLOPT_WRITEDATA, pointer: context)
        transfer.setPrerequest { context, _, _, _, _ in
            exchange(context)?.begin()
            return CInt(CURL_PREREQFUNC_OK)
        }
        transfer.set(CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
            return exchange(context)?.receiveHeader(line) == true ? line.count : 0
        }
        transfer.set(CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            let content = UnsafeRawBufferPointer(start: bytes, count: size * count)
            return exchange(context)?.receiveBody(content) == true ? content.count : 0
        }
    }
}

/// The exchange that a callback is about.
private func exchange(_ context: UnsafeMutableRawPointer?) -> Exchange? {
    context.map { Unmanaged<Exchange>.fromOpaque($0).takeUnretainedValue() }
}

extension Duration {
    /// Whole milliseconds, at least 1: to libcurl, 0 is no limit at all.
    var milliseconds: Int {
        let (seconds, attoseconds) = components
        guard seconds < 1_000_000 else { return 1_000_000_000 }
        return max(1, Int(seconds * 1000 + attoseconds / 1_000_000_000_000_000))
    }
}
