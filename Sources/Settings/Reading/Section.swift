/// A mapping of which every key is known.
struct Section {
    let field: Field
    private let members: [String: Field]
    private let reader: Reader

    /// Takes the mapping in `field` apart.
    ///
    /// A key that is not among `keys` is reported. `nil` where it is no mapping at all, which is reported too.
    init?(_ field: Field, keys: [String], _ reader: Reader) {
        guard let members = reader.members(of: field) else { return nil }
        self.field = field
        self.reader = reader
        self.members = Dictionary(
            members.map { ($0.key.value, $0.value) }, uniquingKeysWith: { first, _ in first })
        let place = field.path.isEmpty ? "" : " in `\(field.path)`"
        for member in members where !keys.contains(member.key.value) {
            reader.report(
                member.key.position, "unknown key `\(member.key.value)`\(place)",
                hint: Nearest.hint(member.key.value, among: keys, called: "keys"))
        }
    }

    /// What the key stands for; `nil` where it is not there.
    subscript(key: String) -> Field? { members[key] }

    /// What the key stands for; reported where it is not there.
    func require(_ key: String) -> Field? {
        if let field = members[key] { return field }
        let path = field.path.isEmpty ? key : "\(field.path).\(key)"
        reader.report(field.position, "`\(path)` is missing")
        return nil
    }
}
