import Testing

@testable import Azure

@Suite("What an account may do")
struct PermissionsTests {
    static let reset = "Microsoft.ContainerService/managedClusters/resetServicePrincipalProfile/action"

    @Test(arguments: [
        (["*"], [], true), (["*/read"], [], false), (["microsoft.containerservice/*"], [], true),
        (["Microsoft.ContainerService/managedClusters/*/action"], [], true),
        (["Microsoft.ContainerService/managedClusters/*"], ["*/resetServicePrincipalProfile/action"], false),
        (["*"], ["Microsoft.Authorization/*/write"], true), ([reset], [], true), ([], [], false),
        (["Microsoft.ContainerService/managedClusters/resetServicePrincipalProfile"], [], false),
        (["*action*action"], [], false),
    ])
    func byOneRole(actions: [String], notActions: [String], isAllowed: Bool) {
        let permissions = Permissions([.init(actions: actions, notActions: notActions)])
        #expect(permissions.allow(Self.reset) == isAllowed)
    }

    @Test func whatOneRoleLeavesOutAnotherMayAllow() {
        let contributor = Permissions.Grant(actions: ["*"], notActions: [Self.reset])
        let own = Permissions.Grant(actions: [Self.reset], notActions: nil)
        #expect(!Permissions([contributor]).allow(Self.reset))
        #expect(Permissions([contributor, own]).allow(Self.reset))
        #expect(!Permissions([]).allow(Self.reset))
    }
}
