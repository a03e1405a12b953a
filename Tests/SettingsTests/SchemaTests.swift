import FoundationEssentials
import PluginProtocol
import SinkCore
import Testing

@testable import Settings

/// The JSON Schema that editors use knows the keys and words that the parser knows, no more and no fewer.
@Suite("The schema")
struct SchemaTests {
    let schema: JSONValue

    init() throws {
        let data = try Data(contentsOf: URL(filePath: repositoryFile("config/credferry.schema.json")))
        schema = try JSONDecoder().decode(JSONValue.self, from: data)
    }

    /// What a path of names leads to; a number chooses from an array.
    func value(_ path: String) throws -> JSONValue {
        try path.split(separator: "/").reduce(schema) { value, name in
            switch value {
            case .object(let members): return try #require(members[String(name)], "\(path)")
            case .array(let elements): return elements[try #require(Int(name))]
            default: throw NotThere()
            }
        }
    }

    struct NotThere: Error {}

    func keys(_ path: String) throws -> Set<String> {
        guard case .object(let members) = try value(path + "/properties") else { return [] }
        #expect(try value(path + "/additionalProperties") == .bool(false))
        return Set(members.keys)
    }

    func words(_ path: String) throws -> [JSONValue] {
        guard case .array(let words) = try value(path) else { return [] }
        return words
    }

    @Test func hasTheKeysOfTheGrammar() throws {
        #expect(try keys("") == Set(Grammar.root))
        #expect(try keys("properties/cloud/anyOf/2") == Set(Grammar.cloud))
        #expect(try keys("properties/auth") == Set(Grammar.auth))
        #expect(try keys("properties/defaults") == Set(Grammar.defaults))
        #expect(try keys("properties/clusters/items") == Set(Grammar.cluster))
        #expect(try keys("properties/identities/items") == Set(Grammar.identity))
        #expect(try keys("properties/discover") == Set(Grammar.discover))
        #expect(try keys("$defs/policy") == Set(Grammar.policy))
    }

    @Test func hasTheSinksOfTheGrammar() throws {
        let types = Grammar.SinkType.allCases
        let sinks = "properties/sinks/additionalProperties/oneOf"
        #expect(try words(sinks).count == types.count)
        for (index, type) in types.enumerated() {
            #expect(try value("\(sinks)/\(index)/properties/type/const") == .string(type.rawValue))
            #expect(try keys("\(sinks)/\(index)") == Set(type.keys))
        }
    }

    @Test func hasTheWordsOfTheGrammar() throws {
        let sinks = "properties/sinks/additionalProperties/oneOf"
        func strings(_ words: [String]) -> Set<JSONValue> { Set(words.map { .string($0) }) }
        #expect(
            Set(try words("properties/auth/properties/method/anyOf/0/enum"))
                == strings(AuthSettings.Method.allCases.map(\.rawValue)))
        #expect(
            Set(try words("\(sinks)/2/properties/format/anyOf/0/enum"))
                == strings(FileFormat.allCases.map(\.rawValue)))
        #expect(
            Set(try words("\(sinks)/3/properties/format/anyOf/0/enum"))
                == strings(EnvironmentFormat.allCases.map(\.rawValue)))
        #expect(
            Set(try words("\(sinks)/3/properties/variables/anyOf/0/enum"))
                == strings(VariableStyle.allCases.map(\.rawValue)))
        #expect(
            Set(try words("properties/clusters/items/properties/credentials/items/enum"))
                == strings(["service-principal", "entra-app"]))
    }
}
