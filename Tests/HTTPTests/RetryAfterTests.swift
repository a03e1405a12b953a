import FoundationEssentials
import Testing

@testable import HTTP

@Suite("Retry-After")
struct RetryAfterTests {
    /// Sun, 06 Nov 1994 08:49:37 GMT.
    private let now = Date(timeIntervalSince1970: 784_111_777)

    private func seconds(_ fields: (String, String)...) -> Double? {
        RetryAfter.seconds(HTTPHeaders(fields.map { HTTPField(name: $0, value: $1) }), now: now)
    }

    @Test(arguments: [
        ("0", 0.0), ("17", 17), ("1.5", 1.5), ("-3", 0), ("+4", 4), ("86400", 86400),
        ("Sun, 06 Nov 1994 08:50:37 GMT", 60), ("Sunday, 06-Nov-94 08:50:37 GMT", 60),
        ("Sun Nov  6 08:50:37 1994", 60), ("Sun Nov 06 08:50:37 1994", 60),
        ("Sun, 06 Nov 1994 08:49:36 GMT", 0), ("Wed, 01 Jan 1800 00:00:00 GMT", 0),
        ("Mon, 07 Nov 1994 08:49:37 GMT", 86400), ("Sunday, 06-Nov-44 08:49:37 GMT", 1_577_923_200),
        ("Sunday, 06-Nov-45 08:49:37 GMT", 0), ("Thu, 29 Feb 1996 08:49:37 GMT", 41_472_000),
        ("Sat, 31 Dec 1994 23:59:60 GMT", 4_806_623),
    ])
    func reads(_ value: String, _ expected: Double) {
        #expect(seconds(("retry-after", value)) == expected)
    }

    @Test(arguments: [
        "", "soon", "1e3", "0x10", "inf", "nan", ".5", "1.2.3", "1 2", "- 1", "--1", "١٢", "1s",
        "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 29 Feb 1995 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 06 Nov 1994 08:49 GMT", "Xyz, 06 Nov 1994 08:49:37 GMT", "Sun 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT", "Sunday, 06-94 08:49:37 GMT", String(repeating: "9", count: 400),
    ])
    func findsNothingIn(_ value: String) {
        #expect(seconds(("Retry-After", value)) == nil)
    }

    @Test func millisecondsComeFirst() {
        #expect(seconds(("Retry-After", "9"), ("x-ms-retry-after-ms", "250")) == 0.25)
        #expect(seconds(("x-ms-retry-after-ms", "250"), ("Retry-After-MS", "125")) == 0.125)
        #expect(seconds(("retry-after-ms", "nonsense"), ("Retry-After", "9")) == 9)
        #expect(seconds(("retry-after-ms", "-5")) == 0)
        #expect(seconds() == nil)
    }
}
