internal import Glibc
internal import SecretMemory
internal import SinkCore

/// The program that runs the steps of a pipeline's job, and reads what they tell it.
struct Runner: Sendable {
    /// What the job's environment says.
    let environment: [String: String]
    /// Where the runner listens.
    let output: CInt

    /// The one that this process runs under, if any.
    static func current(output: CInt) -> Runner {
        let names = ["GITHUB_ACTIONS", "GITHUB_ENV", "TF_BUILD"]
        var environment: [String: String] = [:]
        for name in names {
            environment[name] = getenv(name).map { String(cString: $0) }
        }
        return Runner(environment: environment, output: output)
    }

    /// Whether this is a job of a pipeline that understands `format`.
    ///
    /// Anywhere else, what is told on the standard output would show the secret.
    func check(_ format: EnvironmentFormat) throws(SinkError) {
        let variable = format == .github ? "GITHUB_ENV" : "TF_BUILD"
        guard environment[variable]?.isEmpty ?? true else { return }
        throw SinkError(
            .refused, "the format \(format.rawValue) is for a job's steps, and \(variable) is not set here",
            hint: "set the sink's `path`, or run this in a job")
    }

    /// Hands the variables to the later steps of the job.
    ///
    /// - Parameter path: the file to append to; `nil` is the runner's own.
    func tell(
        _ secret: borrowing Secret, _ variables: [EnvironmentVariable], _ format: EnvironmentFormat,
        path: String?
    ) throws(SinkError) {
        try checkValue(secret, format)
        if format == .github {
            // The mask comes first: from then on, the log shows asterisks instead.
            try mask(secret)
            let content = GitHubCommands.assignments(variables, secret)
            if let own = environment["GITHUB_ENV"], path == nil || path == own {
                try appendToEnvironment(content, own)
            } else if let path {
                try SecretFile(path).append(content)
            }
        } else {
            let content = AzurePipelinesCommands.assignments(variables, secret)
            if let path {
                try SecretFile(path).append(content)
            } else {
                try Descriptor.write(content, to: output, "the standard output")
            }
        }
    }

    /// Where no runner listens, nothing is written: it would be the secret, for all to see.
    private func mask(_ secret: borrowing Secret) throws(SinkError) {
        guard environment["GITHUB_ACTIONS"] == "true" || environment["GITHUB_ENV"] != nil else { return }
        try Descriptor.write(GitHubCommands.masks(secret), to: output, "the standard output")
    }

    private func checkValue(_ secret: borrowing Secret, _ format: EnvironmentFormat) throws(SinkError) {
        let reason: String? =
            if secret.count == 0 {
                "it is empty"
            } else if !secret.isUTF8 || secret.contains(where: { $0 == 0 }) {
                "it is not UTF-8, or has a NUL byte"
            } else if secret.contains(where: { $0 == Ascii.carriageReturn }) {
                "it has a carriage return"
            } else if format == .azurePipelines, secret.contains(where: { $0 == Ascii.newline }) {
                // The agent refuses secrets of several lines, since it masks its log line by line.
                "it has more than one line"
            } else {
                nil
            }
        guard let reason else { return }
        throw SinkError(.refused, "the format \(format.rawValue) cannot hold this secret: \(reason)")
    }

    /// Appends to the file that `$GITHUB_ENV` names, as it is: its owner and mode are the runner's affair.
    private func appendToEnvironment(_ content: borrowing SecretBuffer, _ path: String) throws(SinkError) {
        let descriptor = open(path, O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let fault = FileFault.error(path, errno)
            throw SinkError(.unavailable, fault.message, hint: "GITHUB_ENV should name the runner's file")
        }
        defer { close(descriptor) }
        try Descriptor.append(content, to: descriptor, path)
    }
}
