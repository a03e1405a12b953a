extension Reader {
    /// The text of a scalar with every `${NAME}` replaced by the environment's NAME; `$${` stands for `${`.
    ///
    /// What is filled in is not looked at again: a variable cannot name another.
    func scalar(_ field: Field) -> String? {
        guard let scalar = field.scalar else { return nil }
        guard ["", "tag:yaml.org,2002:str"].contains(scalar.tag) else {
            report(field.position, "\(field.name): the tag \(scalar.tag) is not understood")
            return nil
        }
        var result = ""
        defer { if result != scalar.text { remember(filledIn: result) } }
        var rest = scalar.text[...]
        while let next = rest.first {
            if rest.hasPrefix("$${") {
                result += "${"
                rest = rest.dropFirst(3)
            } else if rest.hasPrefix("${") {
                guard let end = rest.firstIndex(of: "}"),
                    Names.isVariable(rest.dropFirst(2).prefix(upTo: end))
                else {
                    report(
                        field.position, "\(field.name): `${` without a variable's name and `}`",
                        hint: "`$${` stands for `${` itself")
                    return nil
                }
                let name = String(rest.dropFirst(2).prefix(upTo: end))
                guard let value = environment[name] else {
                    report(field.position, "\(field.name): environment variable \(name) is not set")
                    return nil
                }
                result += value
                rest = rest[rest.index(after: end)...]
            } else {
                result.append(next)
                rest = rest.dropFirst()
            }
        }
        return result
    }
}
