/// Why the control interface does not do what it is asked.
struct ControlError: Error {
    let status: Int
    let message: String

    init(_ message: String, status: Int = 400) {
        self.status = status
        self.message = message
    }
}

extension JSON {
    /// Refuses an object with members that nobody reads: a typing error must not pass in silence.
    func requireMembers(_ known: String..., of what: String) throws(ControlError) {
        for member in members ?? [] where !known.contains(member.name) {
            throw ControlError(
                "\(what) has no member \"\(member.name)\"; it may have \(known.joined(separator: ", "))")
        }
    }

    /// The text of a member; `nil` where there is none.
    func text(_ name: String) throws(ControlError) -> String? {
        guard let value = self[name], value != .null else { return nil }
        guard let text = value.text else { throw ControlError("\(name) must be a string") }
        return text
    }

    /// The count in a member; `nil` where there is none.
    func count(_ name: String) throws(ControlError) -> Int? {
        guard let value = self[name], value != .null else { return nil }
        guard let count = value.whole, count >= 0 else {
            throw ControlError("\(name) must be a whole number, 0 or more")
        }
        return count
    }
}
