/// Lets global options stand before the command as well as after it.
enum ArgumentOrder {
    private static let flags: Set<String> = ["--quiet", "-q", "--verbose", "-v"]
    private static let valued: Set<String> = ["--config", "--output"]

    /// The commands that have commands of their own.
    private static let groups: Set<String> = ["audit", "plugins"]

    /// `credferry --config X rotate demo` becomes `credferry rotate --config X demo`, and
    /// `credferry --output json audit verify` becomes `credferry audit verify --output json`.
    ///
    /// - Parameter arguments: without the program's own name.
    static func normalized(_ arguments: [String]) -> [String] {
        var (index, moved, commands): (Int, [String], [String]) = (0, [], [])
        while true {
            index += takeOptions(arguments[index...], into: &moved)
            guard index < arguments.count, !arguments[index].hasPrefix("-") else { break }
            commands.append(arguments[index])
            index += 1
            guard commands.count == 1, groups.contains(commands[0]) else { break }
        }
        guard !moved.isEmpty, !commands.isEmpty else { return arguments }
        return commands + moved + arguments[index...]
    }

    /// - Returns: how many of `arguments` are global options and their values; they are appended to `moved`.
    private static func takeOptions(_ arguments: ArraySlice<String>, into moved: inout [String]) -> Int {
        var rest = arguments
        while let argument = rest.first {
            if flags.contains(argument) || valued.contains(where: { argument.hasPrefix($0 + "=") }) {
                moved.append(rest.removeFirst())
            } else if valued.contains(argument), rest.count > 1 {
                moved += rest.prefix(2)
                rest = rest.dropFirst(2)
            } else {
                break
            }
        }
        return arguments.count - rest.count
    }
}
