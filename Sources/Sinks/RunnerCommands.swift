internal import SecretMemory
internal import SinkCore

/// What a GitHub Actions runner understands
/// (https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands).
enum GitHubCommands {
    /// Commands that have the log show asterisks for the secret: one a line of it, since a log has lines.
    static func masks(_ secret: borrowing Secret) -> SecretBuffer {
        var content = SecretBuffer(capacity: secret.count + 64)
        secret.withUnsafeBytes { bytes in
            for line in bytes.split(separator: Ascii.newline) {
                // A mask for nothing but blanks is refused, and would blank out the log.
                guard line.contains(where: { $0 > Ascii.space }) else { continue }
                content.append("::add-mask::")
                for byte in line {
                    if byte == Ascii.percent { content.append("%25") } else { content.append(byte) }
                }
                content.append("\n")
            }
        }
        return content
    }

    /// Lines for the file that `$GITHUB_ENV` names: each value between delimiters that it cannot contain,
    /// being random.
    static func assignments(_ variables: [EnvironmentVariable], _ secret: borrowing Secret) -> SecretBuffer {
        var content = SecretBuffer(capacity: secret.count + 512)
        for variable in variables {
            let delimiter =
                "ghadelimiter_"
                + [0, 1].map { _ in
                    String(UInt64.random(in: .min ... .max), radix: 16)
                }.joined()
            content.append("\(variable.name)<<\(delimiter)\n")
            switch variable.value {
            case .secret: content.append(secret.bytes)
            case .text(let text): content.append(text)
            }
            content.append("\n\(delimiter)\n")
        }
        return content
    }
}

/// What an Azure Pipelines agent understands
/// (https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands).
enum AzurePipelinesCommands {
    /// One `task.setvariable` a variable.
    ///
    /// `%` is written as `%AZP25`, which the agent turns back unless `DECODE_PERCENTS` is `false`
    /// (docs/design/percentEncoding.md of the agent).
    static func assignments(_ variables: [EnvironmentVariable], _ secret: borrowing Secret) -> SecretBuffer {
        var content = SecretBuffer(capacity: secret.count + 512)
        for variable in variables {
            content.append("##vso[task.setvariable variable=\(variable.name)")
            switch variable.value {
            case .secret:
                content.append(";issecret=true]")
                secret.withUnsafeBytes { bytes in
                    for byte in bytes {
                        if byte == Ascii.percent { content.append("%AZP25") } else { content.append(byte) }
                    }
                }
            case .text(let text):
                content.append("]")
                content.append(text.replacing("%", with: "%AZP25"))
            }
            content.append("\n")
        }
        return content
    }
}
