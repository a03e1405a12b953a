// What Key Vault accepts: learn.microsoft.com/azure/key-vault/secrets/about-secrets.
extension KeyVaultCall {
    /// The body of a PUT or PATCH.
    struct Wish {
        var value: String?
        var contentType: String?
        var tags: [String: String]?
        var enabled: Bool?
        var notBefore: Int?
        var expires: Int?
    }

    /// A name that a secret can have.
    func name(_ text: String) throws(KeyVaultError) -> String {
        let isValid =
            (1...127).contains(text.utf8.count)
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        guard isValid else {
            throw .badParameter(
                "The request URI contains an invalid name: \(text)")
        }
        return text
    }

    /// Reads the body.
    func wish(allowsValue: Bool) throws(KeyVaultError) -> Wish {
        guard let members = request.json?.members else { throw .unreadableBody }
        var wish = Wish()
        for member in members {
            switch member.name {
            case "value" where allowsValue:
                wish.value = try text(member)
                guard (wish.value ?? "").utf8.count <= 25 * 1024 else {
                    throw .badParameter("Secret value is too long: at most 25600 bytes.")
                }
            case "contentType":
                wish.contentType = try text(member)
                guard (wish.contentType ?? "").utf16.count <= 255 else {
                    throw .badParameter("Content type is too long: at most 255 characters.")
                }
            case "tags": wish.tags = try tags(member.value)
            case "attributes": try attributes(member.value, &wish)
            case "id", "kid", "managed", "outContentType": continue
            default: throw .badParameter("Property \(member.name) has invalid value: it is not known.")
            }
        }
        return wish
    }

    /// How many entries a page has.
    func pageSize(_ cloud: Cloud) throws(KeyVaultError) -> Int {
        guard let text = request.parameter("maxresults") else { return min(25, cloud.tuning.pageSize) }
        guard let size = Int(text), (1...25).contains(size) else {
            throw .badParameter("maxresults must be between 1 and 25.")
        }
        return size
    }

    private func text(_ member: JSON.Member) throws(KeyVaultError) -> String? {
        if member.value == .null { return nil }
        guard let text = member.value.text else {
            throw .badParameter("Property \(member.name) has invalid value: a string is expected.")
        }
        return text
    }

    private func tags(_ value: JSON) throws(KeyVaultError) -> [String: String]? {
        if value == .null { return nil }
        guard let members = value.members else {
            throw .badParameter("Property tags has invalid value: an object is expected.")
        }
        guard members.count <= 15 else { throw .badParameter("There are more than 15 tags.") }
        var tags: [String: String] = [:]
        for member in members {
            guard let text = member.value.text else {
                throw .badParameter("Property tags has invalid value: \(member.name) must be a string.")
            }
            guard member.name.utf16.count <= 256, text.utf16.count <= 256 else {
                throw .badParameter("A tag's name or value is longer than 256 characters.")
            }
            tags[member.name] = text
        }
        return tags
    }

    private func attributes(_ value: JSON, _ wish: inout Wish) throws(KeyVaultError) {
        if value == .null { return }
        guard let members = value.members else {
            throw .badParameter("Property attributes has invalid value: an object is expected.")
        }
        for member in members where member.value != .null {
            switch member.name {
            case "enabled":
                guard let flag = member.value.flag else { throw .badParameter("enabled must be a boolean.") }
                wish.enabled = flag
            case "nbf":
                guard let time = member.value.whole else {
                    throw .badParameter("nbf must be a whole number.")
                }
                wish.notBefore = time
            case "exp":
                guard let time = member.value.whole else {
                    throw .badParameter("exp must be a whole number.")
                }
                wish.expires = time
            case "created", "updated", "recoveryLevel", "recoverableDays": continue
            default:
                throw .badParameter("Property attributes has invalid value: \(member.name) is not known.")
            }
        }
        if let notBefore = wish.notBefore, let expires = wish.expires, expires <= notBefore {
            throw .badParameter("The expiry must be later than the not-before time.")
        }
    }
}
