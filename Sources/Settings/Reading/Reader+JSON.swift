internal import PluginProtocol
internal import Yams

extension Reader {
    /// The options of a plugin: any mapping, as JSON, with `${NAME}` filled in.
    func options(_ field: Field) -> [String: JSONValue]? {
        var budget = 10_000
        guard case .object(let members)? = object(field, &budget) else { return nil }
        return members
    }

    /// - Parameter budget: how many values may still come. A few nested aliases stand for millions of them.
    private func json(_ field: Field, _ budget: inout Int) -> JSONValue? {
        budget -= 1
        guard budget >= 0 else {
            if budget == -1 { report(field.position, "\(field.name): too many values") }
            return nil
        }
        switch field.node {
        case .mapping: return object(field, &budget)
        case .sequence:
            guard let elements = elements(of: field) else { return nil }
            let values = elements.compactMap { json($0, &budget) }
            return values.count == elements.count ? .array(values) : nil
        case .scalar, .alias: return jsonScalar(field)
        }
    }

    private func object(_ field: Field, _ budget: inout Int) -> JSONValue? {
        guard let members = members(of: field) else { return nil }
        var values: [String: JSONValue] = [:]
        for (key, value) in members {
            guard let value = json(value, &budget) else { continue }
            values[key.value] = value
        }
        return values.count == members.count ? .object(values) : nil
    }

    private func jsonScalar(_ field: Field) -> JSONValue? {
        guard let text = scalar(field) else { return nil }
        switch field.plainType {
        case .null: return .null
        case .boolean: return .bool(text.lowercased() == "true")
        case .text: return .string(text)
        case .number:
            if let integer = Field.integer(text) { return .integer(integer) }
            if let number = Double(text), number.isFinite { return .number(number) }
            report(
                field.position, "\(field.name): the number \(text) cannot be given to a plugin",
                hint: "write it in quotes")
            return nil
        }
    }
}
