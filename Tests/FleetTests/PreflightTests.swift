import Testing

@testable import Fleet

@Suite("Before a rotation")
struct PreflightTests {
    @Test(
        arguments: [
            (3, nil, 3), (100, nil, 10), (3, "1", 3), (10, "33%", 3), (10, "100%", 1), (10, "50", 1),
            (0, nil, 0),
            (5, "nonsense", 5), (5, "0", 5),
        ] as [(Int, String?, Int)])
    func nodesAreReimagedInRounds(nodes: Int, surge: String?, rounds: Int) {
        #expect(Preflight.NodePool(name: "p", nodes: nodes, maxSurge: surge).rounds == rounds)
    }
}
