import ArgumentParser
import Fleet
import Settings

/// A duration as the configuration writes it: `90d`, `24h`, `30m`, `45s`.
struct DurationArgument: ExpressibleByArgument {
    let seconds: Double

    init?(argument: String) {
        guard let duration = Durations.parse(argument) else { return nil }
        seconds = duration.seconds
    }
}
