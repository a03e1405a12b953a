/// Durations as the configuration and the command line write them: `90d`, `24h`, `30m`, `45s`.
public enum Durations {
    /// The units, from the largest; a day has 24 hours.
    private static let units: [(suffix: Character, seconds: Int64)] = [
        ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1),
    ]

    /// Longer ones are refused: a thousand years are no policy, and sums of durations must not overflow.
    private static let longest: Int64 = 365_000 * 86_400

    /// The duration that `text` names; `nil` where it is not a whole number without a sign and one unit.
    public static func parse(_ text: String) -> Duration? {
        guard let last = text.last, let unit = units.first(where: { $0.suffix == last }) else { return nil }
        let digits = text.dropLast()
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let count = Int64(digits)
        else { return nil }
        let (seconds, overflow) = count.multipliedReportingOverflow(by: unit.seconds)
        guard !overflow, seconds <= longest else { return nil }
        return .seconds(seconds)
    }

    /// `duration` in the largest unit that divides it: `90d`, `36h`; fractions of a second are dropped.
    public static func text(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        guard seconds != 0 else { return "0s" }
        for unit in units where seconds % unit.seconds == 0 {
            return "\(seconds / unit.seconds)\(unit.suffix)"
        }
        return "\(seconds)s"
    }
}
