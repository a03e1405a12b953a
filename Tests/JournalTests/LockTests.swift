import FoundationEssentials
import Glibc
import Journal
import Testing

@Suite("The lock of an identity, across processes")
struct LockTests {
    let scratch = Scratch()

    func isHeld(_ appId: String = "a") throws -> Bool {
        do {
            _ = try IdentityLock(appId, in: try StateFolder(at: scratch.path))
            return false
        } catch  where error.code == .locked {
            return true
        }
    }

    @Test func isFreeWhenItsHolderWasKilled() async throws {
        let path = scratch.path
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let lock = try IdentityLock("a", in: try StateFolder(at: path))
            try Data().write(to: URL(filePath: path + "/held"))
            withExtendedLifetime(lock) { _ = kill(getpid(), SIGKILL) }
        }
        #expect(FileManager.default.fileExists(atPath: path + "/held"))
        // It died with its name in the file.
        #expect(try String(contentsOfFile: path + "/locks/a", encoding: .utf8).hasPrefix("process "))
        #expect(try !isHeld())
    }

    @Test func aDeletedFileLetsNobodyElseIn() async throws {
        let path = scratch.path
        let lock = try IdentityLock("a", in: try StateFolder(at: path))
        unlink(path + "/locks/a")
        await #expect(processExitsWith: .exitCode(75)) { [path = path as String] in
            do {
                _ = try IdentityLock("a", in: try StateFolder(at: path))
            } catch let error as JournalError where error.code == .locked {
                exit(error.message.contains("deleted") ? 75 : 1)
            }
        }
        withExtendedLifetime(lock) {}
    }

    /// In a process of its own: there the child inherits from nobody else's test.
    @Test func isNotInheritedByAChild() async throws {
        let path = scratch.path
        await #expect(processExitsWith: .success) { [path = path as String] in
            let lock = try IdentityLock("a", in: try StateFolder(at: path))
            var child = pid_t()
            var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("60"), nil]
            guard posix_spawn(&child, "/bin/sleep", nil, nil, &arguments, environ) == 0 else { exit(2) }
            func files(of process: String) throws -> [String] {
                try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd").compactMap {
                    try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/fd/\($0)")
                }
            }
            let (own, inherited) = (try files(of: "self"), try files(of: "\(child)"))
            kill(child, SIGKILL)
            waitpid(child, nil, 0)
            withExtendedLifetime(lock) {}
            guard own.contains(where: { $0.hasPrefix(path) }) else { exit(3) }
            guard !inherited.isEmpty, !inherited.contains(where: { $0.hasPrefix(path) }) else { exit(4) }
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func twentyProcessesGoInOneByOne() async throws {
        let path = scratch.path
        _ = try StateFolder(at: path)
        await withTaskGroup { group in
            for _ in 0..<20 {
                group.addTask {
                    await #expect(processExitsWith: .success) { [path = path as String] in
                        let folder = try StateFolder(at: path)
                        var turns = 0
                        while turns < 5 {
                            guard let lock = try? IdentityLock("a", in: folder) else {
                                usleep(500)
                                continue
                            }
                            // Whoever is inside has the only file of this name.
                            let inside = open(path + "/inside", O_CREAT | O_EXCL | O_RDWR, 0o600)
                            guard inside >= 0 else { exit(3) }
                            usleep(1_000)
                            unlink(path + "/inside")
                            close(inside)
                            withExtendedLifetime(lock) {}
                            turns += 1
                        }
                    }
                }
            }
        }
    }

    @Test(arguments: ["", "../a", "a/b", "a b", String(repeating: "a", count: 65)])
    func aNameThatIsNoApplicationId(appId: String) throws {
        #expect(throws: JournalError.self) { try isHeld(appId) }
    }
}
