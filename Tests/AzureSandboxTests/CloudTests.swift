import FoundationEssentials
import Testing

@testable import AzureSandbox

@Suite("The world behind the services")
struct CloudTests {
    let start = Scenario.start

    /// A world with one cluster, and the application under which it runs.
    private func world(_ tuning: Tuning = Tuning()) -> (cloud: Cloud, application: DirectoryObject) {
        var cloud = Cloud(tuning: tuning)
        _ = cloud.populate(clusters: 1, at: start)
        let appId = cloud.clusters[0].servicePrincipal?.clientId ?? ""
        let application = cloud.directory.primary.object(.application, appId: appId)
        return (
            cloud,
            application
                ?? DirectoryObject(kind: .application, id: "", appId: "", displayName: "", created: start)
        )
    }

    private func add(
        to application: DirectoryObject, _ cloud: inout Cloud, at now: Date, lasts: Double = 86_400
    )
        -> PasswordCredential
    {
        cloud.directory.write(at: now, lag: cloud.tuning.directoryLag) {
            $0.addCredential(
                to: application.id, displayName: "new", start: now, end: now + lasts, added: now)
        }
    }

    @Test func entraAcceptsASecretOnlyOnceItHasSpread() {
        var tuning = Tuning()
        tuning.propagation = 5
        var (cloud, application) = world(tuning)
        let new = add(to: application, &cloud, at: start)
        #expect(cloud.signIn(application.appId, secret: new.secret, at: start + 4.9) == .wrongSecret)
        #expect(cloud.signIn(application.appId, secret: new.secret, at: start + 5) == .accepted(new))
    }

    @Test func everySecondSignInIsRefusedWhileASecretFlaps() {
        var tuning = Tuning()
        tuning.propagation = 1
        tuning.flapping = 10
        var (cloud, application) = world(tuning)
        let new = add(to: application, &cloud, at: start)
        let verdicts = (0..<4).map { _ in cloud.signIn(application.appId, secret: new.secret, at: start + 2) }
        #expect(verdicts == [.accepted(new), .wrongSecret, .accepted(new), .wrongSecret])
        #expect(cloud.signIn(application.appId, secret: new.secret, at: start + 11) == .accepted(new))
        #expect(cloud.signIn(application.appId, secret: new.secret, at: start + 11) == .accepted(new))
    }

    @Test func verdictsTellExpiredFromWrongAndUnknown() {
        var (cloud, application) = world()
        let new = add(to: application, &cloud, at: start, lasts: 60)
        #expect(cloud.signIn(application.appId, secret: new.secret, at: start + 61) == .expired(new))
        #expect(cloud.signIn(application.appId, secret: "other", at: start + 61) == .wrongSecret)
        #expect(cloud.signIn("nobody", secret: new.secret, at: start + 10) == .unknownClient)
    }

    @Test func aNewIdentityIsUnknownUntilItHasSpread() {
        var (cloud, _) = world()
        let application = cloud.directory.write(at: start, lag: 0) { $0.addIdentity(named: "new", at: start) }
        let new = add(to: application, &cloud, at: start)
        #expect(cloud.signIn(application.appId, secret: new.secret, at: start + 2.9) == .unknownClient)
        #expect(cloud.signIn(application.appId, secret: new.secret, at: start + 3) == .accepted(new))
    }

    @Test func aServicePrincipalsOwnCredentialsAreAcceptedToo() throws {
        var (cloud, application) = world()
        let principal = try #require(
            cloud.directory.primary.object(.servicePrincipal, appId: application.appId))
        let new = add(to: principal, &cloud, at: start)
        #expect(cloud.signIn(application.appId, secret: new.secret, at: start + 10) == .accepted(new))
    }

    @Test func aksAsksAReplicaOfItsOwn() {
        var tuning = Tuning()
        tuning.propagation = 1
        tuning.aksPropagation = 20
        var (cloud, application) = world(tuning)
        let new = add(to: application, &cloud, at: start)
        let wanted = Cluster.ServicePrincipal(clientId: application.appId, secret: new.secret)
        #expect(cloud.signIn(application.appId, secret: new.secret, at: start + 5) == .accepted(new))
        #expect(throws: ClusterRefusal.wrongSecret(application.appId)) {
            try cloud.resetServicePrincipal(ofClusterAt: 0, to: wanted, at: start + 19)
        }
        #expect(throws: Never.self) {
            try cloud.resetServicePrincipal(ofClusterAt: 0, to: wanted, at: start + 20)
        }
    }

    @Test func aClusterHoldsTheNewSecretAsSoonAsTheOperationIsAccepted() throws {
        var (cloud, application) = world()
        let new = add(to: application, &cloud, at: start)
        let operation = try cloud.resetServicePrincipal(
            ofClusterAt: 0, to: Cluster.ServicePrincipal(clientId: application.appId, secret: new.secret),
            at: start + 10)
        #expect(cloud.clusters[0].servicePrincipal?.secret == new.secret)
        #expect(cloud.clusters[0].provisioningState == "Updating")
        #expect(cloud.clusters[0].history.map(\.keyId) == [new.keyId])
        cloud.advance(to: start + 10 + 5.9)
        #expect(cloud.clusters[0].provisioningState == "Updating")
        cloud.advance(to: start + 10 + 6)
        #expect(cloud.clusters[0].provisioningState == "Succeeded")
        #expect(cloud.operations[operation.id]?.isSettled == true)
    }

    @Test func operationsThatAreToFailLeaveTheClusterFailed() throws {
        var tuning = Tuning()
        tuning.operationFails = 1
        var (cloud, application) = world(tuning)
        let new = add(to: application, &cloud, at: start)
        let wanted = Cluster.ServicePrincipal(clientId: application.appId, secret: new.secret)
        _ = try cloud.resetServicePrincipal(ofClusterAt: 0, to: wanted, at: start + 10)
        cloud.advance(to: start + 20)
        #expect(cloud.clusters[0].provisioningState == "Failed")
        // A failed cluster can be repaired the same way, and the next operation succeeds.
        _ = try cloud.resetServicePrincipal(ofClusterAt: 0, to: wanted, at: start + 20)
        cloud.advance(to: start + 30)
        #expect(cloud.clusters[0].provisioningState == "Succeeded")
    }

    @Test func oneOperationAtATime() throws {
        var (cloud, application) = world()
        let new = add(to: application, &cloud, at: start)
        let wanted = Cluster.ServicePrincipal(clientId: application.appId, secret: new.secret)
        _ = try cloud.resetServicePrincipal(ofClusterAt: 0, to: wanted, at: start + 10)
        #expect(throws: ClusterRefusal.busy) {
            try cloud.resetServicePrincipal(ofClusterAt: 0, to: wanted, at: start + 11)
        }
    }

    @Test(arguments: ["`", "'"])
    func aksRefusesCharacters(character: String) {
        var (cloud, application) = world()
        let wanted = Cluster.ServicePrincipal(clientId: application.appId, secret: "abc" + character)
        #expect(throws: ClusterRefusal.badCharacters(character)) {
            try cloud.resetServicePrincipal(ofClusterAt: 0, to: wanted, at: start)
        }
    }

    @Test func stoppedAndManagedClustersRefuse() {
        var (cloud, application) = world()
        let wanted = Cluster.ServicePrincipal(clientId: application.appId, secret: "x")
        cloud.clusters[0].powerState = "Stopped"
        #expect(throws: ClusterRefusal.stopped) {
            try cloud.resetServicePrincipal(ofClusterAt: 0, to: wanted, at: start)
        }
        cloud.clusters[0].servicePrincipal = nil
        #expect(throws: ClusterRefusal.notServicePrincipal) {
            try cloud.resetServicePrincipal(ofClusterAt: 0, to: wanted, at: start)
        }
        #expect(throws: ClusterRefusal.notLegacyEntra) {
            try cloud.resetEntraApps(
                ofClusterAt: 0, clientAppId: "", serverAppId: "", secret: "", tenant: "", at: start)
        }
    }

    @Test func removingTheSecretThatAClusterHoldsIsAViolationOnce() {
        var (cloud, application) = world()
        cloud.advance(to: start)
        #expect(cloud.violations.isEmpty)
        _ = cloud.directory.write(at: start, lag: 0) {
            $0.removeCredential(application.credentials[0].keyId, from: application.id)
        }
        cloud.advance(to: start + 1)
        cloud.advance(to: start + 2)
        #expect(cloud.violations.count == 1)
        #expect(cloud.violations.first?.cluster == "demo")
        #expect(!cloud.isAccepted(.servicePrincipal, of: cloud.clusters[0], at: start + 2))
    }

    @Test func expiryIsAViolationAtItsOwnMoment() {
        var (cloud, application) = world()
        let end = application.credentials[0].end
        cloud.advance(to: end - 1)
        #expect(cloud.violations.isEmpty)
        cloud.advance(to: end + 500)
        #expect(cloud.violations.map(\.at) == [end])
    }

    @Test func rightsCanBeTakenAway() {
        var (cloud, application) = world()
        let account = cloud.directory.primary.objects.first { $0.displayName == Cloud.operatorName }
        let appId = account?.appId ?? ""
        #expect(cloud.permits("arm.reset", to: appId))
        #expect(!cloud.permits("arm.reset", to: application.appId))
        cloud.denied = ["arm.reset"]
        #expect(!cloud.permits("arm.reset", to: appId))
        #expect(cloud.permits("arm.read", to: appId))
    }
}

@Suite("Replicas of the directory")
struct ReplicatedDirectoryTests {
    let start = Scenario.start

    @Test func aLaggingReadDoesNotSeeWhatWasJustWritten() {
        var directory = ReplicatedDirectory()
        directory.write(at: start, lag: 10) { $0.addIdentity(named: "a", at: start) }
        directory.write(at: start + 5, lag: 10) { $0.addIdentity(named: "b", at: start) }
        func names(_ seconds: Double, lagging: Bool) -> [String] {
            directory.read(at: start + seconds, lag: 10, lagging: lagging).objects
                .filter { $0.kind == .application }.map(\.displayName)
        }
        #expect(names(6, lagging: false) == ["a", "b"])
        #expect(names(6, lagging: true) == [])
        #expect(names(12, lagging: true) == ["a"])
        #expect(names(15, lagging: true) == ["a", "b"])
    }

    @Test func withoutLagEveryReadIsFresh() {
        var directory = ReplicatedDirectory()
        directory.write(at: start, lag: 0) { $0.addIdentity(named: "a", at: start) }
        #expect(directory.read(at: start, lag: 0, lagging: true) == directory.primary)
    }
}
