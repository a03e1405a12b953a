public import SinkCore

/// What a ``Template`` can ask for.
public enum Placeholder: String, Sendable, Hashable, CaseIterable {
    /// The cluster's name in the configuration, or the identity's.
    case cluster
    /// `service-principal`, `entra-app` or `application`.
    case credential
    /// The identity's application id.
    case appId
    /// The cluster's resource group.
    case resourceGroup
    /// The cluster's subscription.
    case subscription
}

/// What a ``Template`` is filled in with.
public struct TemplateValues: Sendable {
    private var values: [Placeholder: String]

    /// What is known of a credential.
    ///
    /// What is `nil` cannot be asked for.
    public init(
        cluster: String, credential: CredentialKind, appId: String? = nil, resourceGroup: String? = nil,
        subscription: String? = nil
    ) {
        values = [.cluster: cluster, .credential: credential.rawValue]
        values[.appId] = appId
        values[.resourceGroup] = resourceGroup
        values[.subscription] = subscription
    }

    subscript(placeholder: Placeholder) -> String? { values[placeholder] }
}

/// Why a ``Template`` cannot be filled in.
public struct TemplateError: Error, Sendable, Equatable {
    /// What it asks for.
    public let placeholder: Placeholder
    /// Why that cannot be had; lower case, no full stop.
    public let message: String
}

/// Why a text is no ``Template``.
public struct TemplateSyntaxError: Error, Sendable, Equatable {
    /// What is wrong with it; lower case, no full stop.
    public let message: String
    /// What the operator can do about it.
    public let hint: String?
}

/// A name with places to fill in: `{cluster}-{credential}`.
///
/// `{{` and `}}` stand for the braces themselves.
public struct Template: Sendable, Hashable {
    enum Part: Sendable, Hashable {
        case text(String)
        case placeholder(Placeholder)
    }

    let parts: [Part]

    /// The text that it was made from.
    public let description: String

    /// Understands a template.
    ///
    /// - Throws: ``TemplateSyntaxError`` where a brace has no partner or a placeholder is unknown.
    public init(parsing text: String) throws(TemplateSyntaxError) {
        var parts: [Part] = []
        var literal = ""
        var rest = text[...]
        while let next = rest.popFirst() {
            switch next {
            case "{" where rest.first == "{", "}" where rest.first == "}":
                literal.append(next)
                rest.removeFirst()
            case "{":
                guard let end = rest.firstIndex(of: "}") else {
                    throw TemplateSyntaxError(message: "`{` without `}`", hint: "`{{` stands for a brace")
                }
                if !literal.isEmpty { parts.append(.text(literal)) }
                literal = ""
                parts.append(.placeholder(try Self.placeholder(String(rest[..<end]))))
                rest = rest[rest.index(after: end)...]
            case "}":
                throw TemplateSyntaxError(message: "`}` without `{`", hint: "`}}` stands for a brace")
            default: literal.append(next)
            }
        }
        if !literal.isEmpty { parts.append(.text(literal)) }
        self.parts = parts
        description = text
    }

    private static func placeholder(_ name: String) throws(TemplateSyntaxError) -> Placeholder {
        if let placeholder = Placeholder(rawValue: name) { return placeholder }
        let hint = Nearest.hint(
            name, among: Placeholder.allCases.map(\.rawValue), called: "placeholders")
        throw TemplateSyntaxError(message: "unknown placeholder `{\(name)}`", hint: hint)
    }

    private init(parts: [Part], description: String) {
        self.parts = parts
        self.description = description
    }

    /// The template that has `text`, which holds no placeholder, in front.
    func prefixed(by text: String) -> Template {
        let escaped = text.map { $0 == "{" || $0 == "}" ? "\($0)\($0)" : "\($0)" }.joined()
        return Template(parts: [.text(text)] + parts, description: escaped + description)
    }

    /// Whether it asks for `placeholder`.
    public func asks(for placeholder: Placeholder) -> Bool {
        parts.contains(.placeholder(placeholder))
    }

    /// The name for one credential.
    ///
    /// A value is filled in as it is, and must not change the meaning of what stands around it: in a path, it
    /// neither adds a folder nor leads out of one.
    ///
    /// - Throws: ``TemplateError`` where a value is unknown, or is one that no name may hold.
    public func fill(_ values: TemplateValues) throws(TemplateError) -> String {
        var name = ""
        for part in parts {
            switch part {
            case .text(let text): name += text
            case .placeholder(let placeholder): name += try Self.value(of: placeholder, in: values)
            }
        }
        return name
    }

    private static func value(
        of placeholder: Placeholder, in values: TemplateValues
    ) throws(TemplateError) -> String {
        guard let value = values[placeholder] else {
            throw TemplateError(
                placeholder: placeholder, message: "there is no {\(placeholder.rawValue)} here")
        }
        let isPlain = value.unicodeScalars.allSatisfy { $0 != "/" && $0.value >= 0x20 && $0.value != 0x7F }
        guard isPlain, !["", ".", ".."].contains(value) else {
            throw TemplateError(
                placeholder: placeholder,
                message: "the value of {\(placeholder.rawValue)} cannot be part of a name")
        }
        return value
    }
}

extension Template: CustomStringConvertible {}
