internal import FoundationEssentials

/// Dates in the forms that the services write.
enum Moment {
    /// `2027-05-22T10:00:00Z`: Graph.
    static func seconds(_ date: Date) -> String {
        date.formatted(.iso8601)
    }

    /// `2027-05-22T10:00:00.123Z`: the control interface.
    static func milliseconds(_ date: Date) -> String {
        date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    /// `2027-05-22T10:00:00.1230000Z`: Resource Manager, whose clock ticks every 100 ns.
    static func ticks(_ date: Date) -> String {
        String(milliseconds(date).dropLast()) + "0000Z"
    }

    /// `2027-05-22 10:00:00Z`: Entra.
    static func spaced(_ date: Date) -> String {
        seconds(date).replacing("T", with: " ")
    }

    /// `2027-05-22T10:00:00`: Graph's errors.
    static func local(_ date: Date) -> String {
        String(seconds(date).dropLast())
    }

    /// The moment that an RFC 3339 timestamp names, with or without fractions of a second.
    static func parse(_ text: String) -> Date? {
        if let date = try? Date(text, strategy: .iso8601) { return date }
        return try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
