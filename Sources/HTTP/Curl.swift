internal import CLibcurl

/// libcurl, loaded when it is first needed.
struct Curl: @unchecked Sendable {
    // Sendable: the functions are written before this value exists and never afterwards; libcurl's own
    // rules on threads are kept by `Engine`.
    let functions: UnsafePointer<credferry_curl>

    /// The library, or why it cannot be used; the first use takes several milliseconds, to load it.
    static let shared: Result<Curl, HTTPError> = load("libcurl.so.4")

    /// 7.87.0 (December 2022) brought the last option that is used here, `CURLOPT_QUICK_EXIT`.
    private static let oldestVersion: UInt32 = 0x07_57_00

    static func load(_ library: String) -> Result<Curl, HTTPError> {
        let functions = UnsafeMutablePointer<credferry_curl>.allocate(capacity: 1)
        functions.initialize(to: credferry_curl())
        if let problem = credferry_curl_load(functions, library) {
            return .failure(
                HTTPError(
                    .unavailable, "cannot load libcurl: \(String(cString: problem))",
                    hint: "install it: apt-get install libcurl4"))
        }
        guard credferry_curl_version(functions) >= oldestVersion else {
            return .failure(
                HTTPError(.unavailable, "libcurl is too old", hint: "install version 7.87.0 or later"))
        }
        let result = credferry_curl_global_init(functions)
        guard result == CURLE_OK else {
            return .failure(HTTPError(.unavailable, "libcurl does not start: error \(result.rawValue)"))
        }
        return .success(Curl(functions: UnsafePointer(functions)))
    }

    /// libcurl's own words for `code`.
    func text(of code: CURLcode) -> String {
        functions.pointee.easy_strerror(code).map { String(cString: $0) } ?? "error \(code.rawValue)"
    }
}

/// Sets options of one transfer, and remembers the first that libcurl does not take.
struct TransferOptions {
    let curl: Curl
    let easy: UnsafeMutableRawPointer
    private(set) var failure: CURLcode?

    init(_ curl: Curl, _ easy: UnsafeMutableRawPointer) {
        self.curl = curl
        self.easy = easy
    }

    mutating func set(_ option: CURLoption, _ value: Int) {
        note(credferry_curl_set_long(curl.functions, easy, option, value))
    }

    /// libcurl copies the text; `nil` takes away its default.
    mutating func set(_ option: CURLoption, _ value: String?) {
        note(credferry_curl_set_string(curl.functions, easy, option, value))
    }

    /// What `value` points to must outlive the transfer.
    mutating func set(_ option: CURLoption, pointer value: UnsafeRawPointer?) {
        note(credferry_curl_set_pointer(curl.functions, easy, option, value))
    }

    mutating func set(_ option: CURLoption, offset value: Int) {
        note(credferry_curl_set_offset(curl.functions, easy, option, curl_off_t(value)))
    }

    mutating func set(_ option: CURLoption, blob value: [UInt8]) {
        note(credferry_curl_set_blob(curl.functions, easy, option, value, value.count))
    }

    mutating func set(_ option: CURLoption, receiver: @escaping curl_write_callback) {
        note(credferry_curl_set_receiver(curl.functions, easy, option, receiver))
    }

    mutating func setPrerequest(_ callback: @escaping curl_prereq_callback) {
        note(credferry_curl_set_prerequest(curl.functions, easy, callback))
    }

    /// Keeps the connection's socket from programs that are started meanwhile.
    mutating func setCloseOnExec() {
        note(credferry_curl_set_close_on_exec(curl.functions, easy))
    }

    /// Has OpenSSL zero what it decrypted.
    mutating func setCleansing() {
        note(credferry_curl_set_cleansing(curl.functions, easy))
    }

    private mutating func note(_ result: CURLcode) {
        if result != CURLE_OK, failure == nil { failure = result }
    }
}
