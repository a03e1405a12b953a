internal import FoundationEssentials

/// The three forms of a date that a recipient must understand (RFC 9110, section 5.6.7).
enum HTTPDate {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    private static let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    private static let longDays = [
        "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
    ]

    /// The moment that `text` names; `nil` where it names none.
    ///
    /// - Parameter now: tells the century of a year with two digits.
    static func date(_ text: String, now: Date) -> Date? {
        let words = text.split(separator: " ")
        guard let name = words.first else { return nil }
        switch words.count {
        // Sun, 06 Nov 1994 08:49:37 GMT
        case 6 where words[5] == "GMT" && isDay(name, days, comma: true):
            return date(day: words[1], month: words[2], year: number(words[3], 4), time: words[4])
        // Sunday, 06-Nov-94 08:49:37 GMT
        case 4 where words[3] == "GMT" && isDay(name, longDays, comma: true):
            let parts = words[1].split(separator: "-", omittingEmptySubsequences: false)
            guard parts.count == 3, let short = number(parts[2], 2) else { return nil }
            return date(day: parts[0], month: parts[1], year: fullYear(short, now), time: words[2])
        // Sun Nov  6 08:49:37 1994
        case 5 where isDay(name, days, comma: false):
            let day = words[2].utf8.count == 1 ? "0" + words[2] : words[2]
            return date(day: day, month: words[1], year: number(words[4], 4), time: words[3])
        default:
            return nil
        }
    }

    private static func isDay(_ word: Substring, _ names: [String], comma: Bool) -> Bool {
        names.contains { word == (comma ? $0 + "," : $0) }
    }

    /// A year that seems to lie more than 50 years ahead is the last one with these digits; the nearest year
    /// is meant, then, also where the century has just changed.
    private static func fullYear(_ short: Int, _ now: Date) -> Int {
        let current = civilYear(of: now)
        let candidate = current - current % 100 + short
        if candidate > current + 50 { return candidate - 100 }
        return candidate <= current - 50 ? candidate + 100 : candidate
    }

    private static func date(
        day: Substring, month: Substring, year: Int?, time: Substring
    ) -> Date? {
        let clock = time.split(separator: ":", omittingEmptySubsequences: false)
        guard let year, let month = months.firstIndex(where: { $0 == month }), let day = number(day, 2),
            clock.count == 3, let hour = number(clock[0], 2), let minute = number(clock[1], 2),
            let second = number(clock[2], 2),
            1...length(of: month + 1, year) ~= day, hour < 24, minute < 60, second <= 60
        else { return nil }
        let days = daysSince1970(year, month + 1, day)
        return Date(timeIntervalSince1970: Double(days * 86400 + hour * 3600 + minute * 60 + second))
    }

    /// Exactly `count` digits.
    private static func number(_ text: Substring, _ count: Int) -> Int? {
        guard text.utf8.count == count, text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
        return Int(text)
    }

    private static func length(of month: Int, _ year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Counts years from March, so that the leap day comes last.
    private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month > 2 ? year : year - 1
        let leapDays = shifted / 4 - shifted / 100 + shifted / 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return 365 * shifted + leapDays + dayOfYear - 719_468
    }

    private static func civilYear(of date: Date) -> Int {
        let days = Int((date.timeIntervalSince1970 / 86400).rounded(.down))
        var year = 1970 + Int(Double(days) / 365.2425)
        while daysSince1970(year + 1, 1, 1) <= days { year += 1 }
        while daysSince1970(year, 1, 1) > days { year -= 1 }
        return year
    }
}
