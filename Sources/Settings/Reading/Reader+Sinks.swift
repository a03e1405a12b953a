internal import SinkCore

extension Reader {
    /// The sinks, and the names of all of them: also of those with a fault, which are there for all that.
    ///
    /// - Parameter suffix: of the cloud's vaults; `nil` where the cloud is wrong, and vaults go unchecked.
    func sinks(_ field: Field?, suffix: String?) -> (names: Set<String>, settings: [SinkSettings]) {
        guard let field, let members = members(of: field) else { return ([], []) }
        let settings: [SinkSettings] = members.compactMap { name, field in
            guard Names.isName(name.value) else {
                report(
                    name.position, "`\(name.value)` cannot be the name of a sink",
                    hint: "letters, digits, `.`, `_` and `-`, at most 63, a letter or digit first")
                return nil
            }
            return sink(named: name, field, suffix: suffix)
        }
        return (Set(members.map(\.key.value)), settings)
    }

    private func sink(named name: Located<String>, _ field: Field, suffix: String?) -> SinkSettings? {
        let before = problemCount
        guard let members = members(of: field) else { return nil }
        guard let typeField = members.first(where: { $0.key.value == "type" })?.value else {
            report(
                field.position, "`\(field.path).type` is missing",
                hint: Nearest.hint("", among: Grammar.SinkType.allCases.map(\.rawValue), called: "types"))
            return nil
        }
        guard let type = choice(typeField, Grammar.SinkType.self),
            let section = Section(field, keys: type.keys, self),
            let (kind, template) = kind(type, section, suffix), before == problemCount
        else { return nil }
        return SinkSettings(name: name, kind: kind, template: template)
    }

    private func kind(
        _ type: Grammar.SinkType, _ section: Section, _ suffix: String?
    ) -> (SinkKind, Located<Template>)? {
        switch type {
        case .keyring: keyring(section)
        case .keyVault: keyVault(section, suffix)
        case .file: file(section)
        case .environment: environment(section)
        case .plugin: plugin(section)
        }
    }

    private func keyring(_ section: Section) -> (SinkKind, Located<Template>)? {
        let collection = section["collection"].map { string($0)?.value } ?? "default"
        guard let collection,
            let label = template(in: section, "label", default: "{cluster} {credential}"),
            let name = template(in: section, nil, default: "{cluster}/{credential}")
        else { return nil }
        return (.keyring(collection: collection, label: label.value), name)
    }

    private func keyVault(_ section: Section, _ suffix: String?) -> (SinkKind, Located<Template>)? {
        let vault = section.require("vault").flatMap { self.vault($0, suffix: suffix) }
        guard let name = template(in: section, "secret", default: "{cluster}-{credential}"), let vault
        else { return nil }
        return (.keyVault(vault: vault), name)
    }

    private func file(_ section: Section) -> (SinkKind, Located<Template>)? {
        let format = section["format"].map { choice($0, FileFormat.self) } ?? .json
        guard let path = section.require("path").flatMap(pathTemplate), let format else { return nil }
        return (.file(format), path)
    }

    private func environment(_ section: Section) -> (SinkKind, Located<Template>)? {
        let format = section["format"].map { choice($0, EnvironmentFormat.self) } ?? .shell
        let style = section["variables"].map { choice($0, VariableStyle.self) } ?? .article
        guard let format, let style else { return nil }
        let path: Located<Template>? =
            switch (section["path"], format) {
            case (let field?, _): pathTemplate(field)
            case (nil, .github), (nil, .azurePipelines):
                template(
                    in: section, nil,
                    default: EnvironmentFormat.runnerName + (style == .article ? ":{credential}" : ""))
            case (nil, _): section.require("path").flatMap(pathTemplate)
            }
        return path.map { (.environment(format, style), $0) }
    }

    private func plugin(_ section: Section) -> (SinkKind, Located<Template>)? {
        let options = section["options"].map { self.options($0) } ?? [:]
        guard let plugin = section.require("plugin").flatMap({ name($0) }), let options,
            let name = template(in: section, "name", default: "{cluster}-{credential}")
        else { return nil }
        return (.plugin(name: plugin.value, options: options), name)
    }

    /// The template under `key`, else the default, which stands where the sink does.
    private func template(in section: Section, _ key: String?, default text: String) -> Located<Template>? {
        if let key, let field = section[key] { return template(field) }
        guard let template = try? Template(parsing: text) else { return nil }
        return Located(template, at: section.field.position)
    }

    /// A path with placeholders, made absolute from the configuration's folder.
    private func pathTemplate(_ field: Field) -> Located<Template>? {
        guard let template = template(field), checkPath(template.value.description, field) else { return nil }
        guard !template.value.description.hasPrefix("/") else { return template }
        let folder = Paths.folder(of: file)
        return Located(template.value.prefixed(by: folder == "/" ? "/" : folder + "/"), at: template.position)
    }
}
