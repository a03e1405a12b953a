internal import FoundationEssentials

/// The URLs under which an operation is followed.
///
/// As Azure's, they are about 3 KB long and signed: whoever does not use them verbatim is refused.
struct OperationURLs: Sendable {
    private let key = MessageCode()
    /// Stands for the signing certificate that Azure's URLs carry.
    private let certificate = Base64URL.encode(Random.bytes(1830))
    /// Stands for the RSA signature, which ours does not need beside the code.
    private let signature = Base64URL.encode(Random.bytes(256))

    /// Both header fields of an accepted operation.
    func headers(of operation: ClusterOperation, _ cloud: Cloud, _ endpoints: Endpoints)
        -> [(name: String, value: String)]
    {
        let base =
            "/subscriptions/\(cloud.subscription)/providers/Microsoft.ContainerService"
            + "/locations/\(cloud.location)"
        // 100 ns since the year 1, as .NET counts them.
        let ticks = Int(operation.start.timeIntervalSince1970 * 10_000_000) + 621_355_968_000_000_000
        func url(_ kind: String, _ ticks: Int) -> String {
            let target =
                "\(base)/\(kind)/\(operation.id)?api-version=2016-03-30"
                + "&t=\(ticks)&c=\(certificate)&s=\(signature)"
            return "\(endpoints.management)\(target)&h=\(key.code(target))"
        }
        return [
            ("azure-asyncoperation", url("operations", ticks)),
            ("location", url("operationresults", ticks + 1)),
        ]
    }

    /// Whether a path and query are of a URL that was given out.
    func isGenuine(_ target: String) -> Bool {
        let mark = "&h="
        let suffixLength = mark.count + key.code("").count
        let signed = target.dropLast(suffixLength)
        return target.hasSuffix(mark + key.code(String(signed)))
    }
}
