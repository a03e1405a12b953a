import Testing

@testable import HTTP

@Suite("libcurl")
struct CurlTests {
    @Test func isThere() throws {
        _ = try Curl.shared.get()
    }

    @Test func aMissingLibraryIsAnErrorThatSaysHowToMendIt() {
        #expect {
            try Curl.load("libcurl-that-is-not-there.so.4").get()
        } throws: { error in
            guard let error = error as? HTTPError else { return false }
            return error.code == .unavailable && !error.mayHaveBeenSent
                && error.message.contains("libcurl-that-is-not-there")
                && error.hint?.contains("libcurl4") == true
        }
    }

    @Test func aLibraryWithoutItsFunctionsIsAnErrorToo() {
        #expect(throws: HTTPError.self) { try Curl.load("libc.so.6").get() }
    }
}
