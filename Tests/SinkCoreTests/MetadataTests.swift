import FoundationEssentials
import SinkCore
import Testing

@Suite("Metadata")
struct MetadataTests {
    let metadata = Metadata(
        appId: "a", tenant: "t", keyId: "k", cluster: "prod-weu", credential: "service-principal",
        notAfter: Date(timeIntervalSince1970: 1_811_239_200))

    @Test func isTheProtocolsJSON() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let json = String(decoding: try encoder.encode(metadata), as: UTF8.self)
        #expect(
            json == #"{"appId":"a","cluster":"prod-weu","credential":"service-principal","keyId":"k","#
                + #""notAfter":"2027-05-25T10:00:00Z","tenant":"t"}"#)
        #expect(try JSONDecoder().decode(Metadata.self, from: Data(json.utf8)) == metadata)
    }

    @Test(arguments: [
        "2027-05-25T10:00:00Z", "2027-05-25T10:00:00.0000000Z", "2027-05-25T12:00:00+02:00",
    ])
    func timestampsOfEveryService(text: String) {
        #expect(Timestamp.date(text) == metadata.notAfter)
    }

    @Test(arguments: ["", "2027-05-25", "tomorrow", "2027-13-25T10:00:00Z"])
    func noTimestamp(text: String) {
        #expect(Timestamp.date(text) == nil)
    }
}
