import Testing

@testable import Settings

@Suite("Durations")
struct DurationsTests {
    @Test(arguments: [
        ("90d", 7_776_000), ("24h", 86_400), ("30m", 1_800), ("45s", 45), ("0s", 0), ("007m", 420),
    ])
    func areRead(text: String, seconds: Int) {
        #expect(Durations.parse(text) == .seconds(seconds))
    }

    @Test(arguments: [
        "", "d", "90", "-1d", "+1d", "1.5h", "1h30m", "1 h", " 1h", "1H", "1w", "9223372036854775807d", "٣h",
        "99999999d", "1µs",
    ])
    func areRefused(text: String) {
        #expect(Durations.parse(text) == nil)
    }

    @Test(arguments: ["180d", "36h", "90m", "61s", "0s", "1d"])
    func areWrittenAsTheyAreRead(text: String) throws {
        let duration = try #require(Durations.parse(text))
        #expect(Durations.text(duration) == text)
    }

    @Test func areWrittenInTheLargestUnit() {
        #expect(Durations.text(.seconds(86_400 * 2)) == "2d")
        #expect(Durations.text(.seconds(7_200)) == "2h")
    }
}
