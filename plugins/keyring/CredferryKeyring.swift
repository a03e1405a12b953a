import PluginKit

/// The keyring plugin: the desktop's secret service as a sink.
@main
struct CredferryKeyring {
    static func main() async {
        await serve(name: "keyring", version: "0.1.0") { options in
            try KeyringSink(options)
        }
    }
}
