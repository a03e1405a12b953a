/// Lets global options stand before the command as well as after it.
enum ArgumentOrder {
    private static let flags: Set<String> = ["--quiet", "-q", "--verbose", "-v"]
    private static let valued: Set<String> = ["--config", "--output"]

    /// `credferry --config X rotate demo` becomes `credferry rotate --config X demo`.
    ///
    /// - Parameter arguments: without the program's own name.
    static func normalized(_ arguments: [String]) -> [String] {
        var (index, moved): (Int, [String]) = (0, [])
        while index < arguments.count {
            let argument = arguments[index]
            if flags.contains(argument) || valued.contains(where: { argument.hasPrefix($0 + "=") }) {
                moved.append(argument)
                index += 1
            } else if valued.contains(argument), index + 1 < arguments.count {
                moved += arguments[index...index + 1]
                index += 2
            } else {
                break
            }
        }
        guard !moved.isEmpty, index < arguments.count, !arguments[index].hasPrefix("-") else {
            return arguments
        }
        return [arguments[index]] + moved + arguments[(index + 1)...]
    }
}
