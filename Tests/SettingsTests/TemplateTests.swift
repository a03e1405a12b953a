import SinkCore
import Testing

@testable import Settings

@Suite("Templates")
struct TemplateTests {
    let values = TemplateValues(
        cluster: "prod", credential: .entraApp, appId: appId, resourceGroup: "rg(1)", subscription: "s")

    @Test(arguments: [
        ("plain", "plain"), ("{cluster}", "prod"), ("a{cluster}-{credential}z", "aprod-entra-appz"),
        ("{{{cluster}}}", "{prod}"), ("{{cluster}}", "{cluster}"),
        ("{resourceGroup}/{subscription}", "rg(1)/s"),
        ("{appId}", appId), ("", ""), ("ü{cluster}", "üprod"),
    ])
    func areFilledIn(text: String, expected: String) throws {
        #expect(try Template(parsing: text).fill(values) == expected)
    }

    @Test(arguments: ["{", "}", "a}b", "{cluster", "{}", "{Cluster}", "{cluster }", "{{cluster}", "{a{b}"])
    func areRefused(text: String) {
        #expect(throws: TemplateSyntaxError.self) { try Template(parsing: text) }
    }

    @Test func nameWhatIsMissing() throws {
        let template = try Template(parsing: "{cluster}{subscription}")
        let error = #expect(throws: TemplateError.self) {
            try template.fill(TemplateValues(cluster: "c", credential: .application))
        }
        #expect(error?.placeholder == .subscription)
    }

    @Test(arguments: ["..", ".", "", "a/b", "../a", "a\u{0}", "a\nb"])
    func letNoValueChangeThePath(value: String) throws {
        let template = try Template(parsing: "/run/{cluster}.json")
        let error = #expect(throws: TemplateError.self) {
            try template.fill(TemplateValues(cluster: value, credential: .application))
        }
        #expect(error?.placeholder == .cluster)
    }

    @Test func keepBracesOfTheFolder() throws {
        let template = try Template(parsing: "{cluster}").prefixed(by: "/a{b}/")
        #expect(try template.fill(values) == "/a{b}/prod")
        #expect(try Template(parsing: template.description) == Template(parsing: "/a{{b}}/{cluster}"))
    }

    @Test func tellWhatTheyAskFor() throws {
        let template = try Template(parsing: "{cluster}{{credential}}")
        #expect(template.asks(for: .cluster))
        #expect(!template.asks(for: .credential))
    }
}

@Suite("The nearest word")
struct NearestTests {
    @Test(arguments: [
        ("subscripton", "subscription"), ("subscirption", "subscription"), ("NAME", "name"), ("nme", "name"),
    ])
    func isFound(word: String, expected: String) {
        #expect(Nearest.match(word, among: ["name", "subscription", "sinks"]) == expected)
    }

    @Test(arguments: ["elephant", "x", ""])
    func isNotGuessed(word: String) {
        #expect(Nearest.match(word, among: ["name", "subscription", "sinks"]) == nil)
    }

    @Test func countsASwapOnce() {
        #expect(Nearest.distance(Array("ab"), Array("ba")) == 1)
        #expect(Nearest.distance(Array(""), Array("abc")) == 3)
        #expect(Nearest.distance(Array("kitten"), Array("sitting")) == 3)
    }
}
