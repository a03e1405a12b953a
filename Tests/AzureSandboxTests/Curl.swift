import Glibc

/// Debian's curl, as a client that knows nothing of the sandbox.
enum Curl {
    struct Result {
        let status: Int32
        let output: String
    }

    /// Runs it with a configuration file's text, in which secrets may stand.
    static func run(_ configuration: String) -> Result? {
        var input: [Int32] = [0, 0]
        var output: [Int32] = [0, 0]
        guard pipe(&input) == 0, pipe(&output) == 0 else { return nil }
        // Only the copies that the child gets as 0 and 1 outlive its start.
        for descriptor in input + output { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input[0], 0)
        posix_spawn_file_actions_adddup2(&actions, output[1], 1)
        let words = ["curl", "--silent", "--max-time", "30", "--config", "-"]
        let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        let spawned = posix_spawnp(&process, "curl", &actions, nil, arguments, environ)
        close(input[0])
        close(output[1])
        defer { close(output[0]) }
        guard spawned == 0 else {
            close(input[1])
            return nil
        }
        // A pipe holds more than any configuration here: nobody has to read meanwhile.
        let bytes = Array(configuration.utf8)
        let written = write(input[1], bytes, bytes.count)
        close(input[1])
        guard written == bytes.count else { return nil }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(output[0], &buffer, buffer.count)
            guard count > 0 else { break }
            text += buffer.prefix(count)
        }
        var status: Int32 = 0
        guard waitpid(process, &status, 0) == process else { return nil }
        return Result(status: (status >> 8) & 0xFF, output: String(decoding: text, as: UTF8.self))
    }
}
