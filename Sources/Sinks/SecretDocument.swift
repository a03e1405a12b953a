internal import FoundationEssentials
internal import SecretMemory
internal import SinkCore

/// A secret and its metadata as the content of a file.
enum SecretDocument {
    /// The ways of writing it.
    enum Syntax: Sendable, Hashable {
        case json
        case raw
        case variables(VariableSyntax, VariableStyle)
    }

    /// The content of the file.
    ///
    /// - Throws: ``SinkError/Code/refused`` where the syntax cannot hold the secret.
    static func render(
        _ secret: borrowing Secret, _ metadata: Metadata, _ syntax: Syntax
    ) throws(SinkError) -> SecretBuffer {
        guard secret.count > 0 else { throw SinkError(.refused, "an empty secret is none") }
        switch syntax {
        case .json: return try renderJSON(secret, metadata)
        case .raw:
            var content = SecretBuffer(capacity: secret.count)
            content.append(secret.bytes)
            return content
        case .variables(let syntax, let style): return try syntax.render(secret, metadata, style)
        }
    }

    /// What a file holds.
    ///
    /// - Throws: ``SinkError/Code/broken`` where no secret can be found in it.
    static func parse(
        _ content: borrowing Secret, _ syntax: Syntax, path: String
    ) throws(SinkError) -> StoredSecret {
        switch syntax {
        case .json: return try parseJSON(content, path: path)
        case .raw:
            guard content.count > 0 else { throw SinkError(.broken, "\(path) is empty") }
            return StoredSecret(secret: content.clone())
        case .variables(let syntax, let style): return try syntax.parse(content, style, path: path)
        }
    }

    /// The files of one folder whose paths begin with `prefix`, in the order of their names.
    static func list(prefix: String, _ syntax: Syntax) throws(SinkError) -> [SinkEntry] {
        var entries: [SinkEntry] = []
        for path in try SecretFile.paths(beginningWith: prefix) {
            entries.append(SinkEntry(name: path, metadata: metadata(at: path, syntax)))
        }
        return entries
    }

    /// `nil` where the file holds none, or is none of ours.
    private static func metadata(at path: String, _ syntax: Syntax) -> Metadata? {
        guard syntax != .raw else { return nil }
        do {
            return try parse(try SecretFile(path).read(), syntax, path: path).metadata
        } catch {
            return nil
        }
    }
}

// MARK: - JSON

extension SecretDocument {
    private static func renderJSON(
        _ secret: borrowing Secret, _ metadata: Metadata
    ) throws(SinkError) -> SecretBuffer {
        guard secret.isUTF8 else {
            throw SinkError(
                .refused, "the format json cannot hold this secret: it is not UTF-8",
                hint: "use `format: raw`")
        }
        var content = SecretBuffer(capacity: 1024)
        content.append("{\"appId\": ")
        content.appendJSONString(metadata.appId)
        content.append(", \"password\": ")
        content.appendJSONString(secret)
        let members = [
            ("tenant", metadata.tenant), ("keyId", metadata.keyId),
            ("notAfter", Timestamp.text(metadata.notAfter)), ("cluster", metadata.cluster),
            ("credential", metadata.credential), ("clientAppId", metadata.clientAppId),
        ]
        for (name, value) in members {
            guard let value else { continue }
            content.append(", \"\(name)\": ")
            content.appendJSONString(value)
        }
        content.append("}\n")
        return content
    }

    private static func parseJSON(
        _ content: borrowing Secret, path: String
    ) throws(SinkError) -> StoredSecret {
        var document = SecretBuffer(capacity: content.count)
        document.append(content.bytes)
        let secret: Secret
        do {
            secret = try document.cutJSONString(at: ["password"])
        } catch {
            switch error {
            case .missing: throw SinkError(.broken, "\(path) has no `password`")
            case .malformed(let offset):
                throw SinkError(.broken, "\(path) is no JSON: it goes wrong at byte \(offset)")
            }
        }
        guard secret.count > 0 else { throw SinkError(.broken, "the `password` of \(path) is empty") }
        // The secret has been blanked out: what is left may go through the general decoder.
        let rest = document.withUnsafeBytes { Data($0) }
        return StoredSecret(secret: secret, metadata: try? JSONDecoder().decode(Metadata.self, from: rest))
    }
}
