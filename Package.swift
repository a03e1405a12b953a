// swift-tools-version: 6.2

import PackageDescription

// Settings of every target of ours. Warnings are errors where `CI` is set, so that a newer compiler's
// new warning does not stop somebody from building a release.
let swiftSettings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableExperimentalFeature("Lifetimes"),
    ] + (Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)])

/// A module of ours, and the tests beside it.
func module(_ name: String, _ dependencies: [Target.Dependency], tests: [Target.Dependency]? = nil)
    -> [Target]
{
    let target = Target.target(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
    guard let tests else { return [target] }
    return [
        target,
        .testTarget(
            name: name + "Tests", dependencies: [.byName(name: name)] + tests, swiftSettings: swiftSettings),
    ]
}

// From the bottom up: each may depend only on what stands above it in this file.
var targets: [Target] = [
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CLibcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CLibsecret", pkgConfig: "libsecret-1", providers: [.apt(["libsecret-1-dev"])]),
    .systemLibrary(name: "CLinux"),
]

// MARK: Foundations
targets += module("SecretMemory", ["CLinux", "COpenSSL"], tests: [])
targets += module("SinkCore", ["SecretMemory"], tests: [])
targets += module("HTTP", ["CLibcurl", "SecretMemory"], tests: ["SecretMemory"])
targets += module(
    "Azure", ["CLinux", "COpenSSL", "HTTP", "SecretMemory", "SinkCore"],
    tests: ["HTTP", "SecretMemory", "SinkCore"])

// MARK: Plugins
targets += module(
    "PluginProtocol", ["SecretMemory", "SinkCore"], tests: ["SecretMemory", "SinkCore"])
targets += module(
    "PluginKit", ["PluginProtocol", "SecretMemory", "SinkCore"],
    tests: ["PluginProtocol", "SecretMemory", "SinkCore"])
targets += module(
    "PluginHost",
    [
        "CLinux", "COpenSSL", "PluginProtocol", "SecretMemory", "SinkCore",
        .product(name: "Logging", package: "swift-log"),
    ],
    tests: ["PluginProtocol", "SecretMemory", "SinkCore", .product(name: "Logging", package: "swift-log")])
targets += [
    .executableTarget(
        name: "credferry-keyring", dependencies: ["CLibsecret", "PluginKit", "SecretMemory", "SinkCore"],
        path: "plugins/keyring", exclude: ["plugin.json"], swiftSettings: swiftSettings)
]

// MARK: The rotation
targets += module("Rotation", ["SecretMemory", "SinkCore"], tests: ["SecretMemory", "SinkCore"])
targets += module("RotationSimulator", ["Rotation", "SecretMemory", "SinkCore"])
targets += [
    .executableTarget(
        name: "rotation-simulator", dependencies: ["RotationSimulator"], swiftSettings: swiftSettings),
    .testTarget(
        name: "SimulatorTests", dependencies: ["Rotation", "RotationSimulator", "SecretMemory"],
        swiftSettings: swiftSettings),
]
targets += module(
    "Journal",
    ["COpenSSL", "Rotation", "SecretMemory", "SinkCore", .product(name: "GRDB", package: "GRDB.swift")],
    tests: ["Rotation", "SecretMemory", .product(name: "GRDB", package: "GRDB.swift")])
targets += module(
    "Settings", ["PluginProtocol", "SinkCore", "Yams"], tests: ["PluginProtocol", "SinkCore"])
targets += module(
    "Sinks", ["Azure", "CLinux", "HTTP", "SecretMemory", "SinkCore"], tests: ["SecretMemory", "SinkCore"])
targets += module(
    "Fleet",
    [
        "Azure", "HTTP", "Journal", "PluginHost", "PluginProtocol", "Rotation", "SecretMemory",
        "Settings", "SinkCore", "Sinks", .product(name: "Logging", package: "swift-log"),
    ],
    tests: [
        "Rotation", "SecretMemory", "Settings", "SinkCore", .product(name: "Logging", package: "swift-log"),
    ])

// MARK: Programs
targets += [
    .executableTarget(
        name: "credferry",
        dependencies: [
            "CLinux", "Fleet", "Journal", "PluginHost", "Rotation", "SecretMemory", "Settings", "SinkCore",
            "Sinks",
            .product(name: "ArgumentParser", package: "swift-argument-parser"),
            .product(name: "Logging", package: "swift-log"),
        ], swiftSettings: swiftSettings),
    .target(
        name: "AzureSandbox",
        dependencies: [
            "COpenSSL", .product(name: "Hummingbird", package: "hummingbird"),
            .product(name: "HummingbirdTLS", package: "hummingbird"),
            .product(name: "HTTPTypes", package: "swift-http-types"),
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOSSL", package: "swift-nio-ssl"),
            .product(name: "Logging", package: "swift-log"),
        ], swiftSettings: swiftSettings),
    .testTarget(
        name: "AzureSandboxTests",
        dependencies: ["AzureSandbox"],
        swiftSettings: swiftSettings),
    .executableTarget(
        name: "azure-sandbox",
        dependencies: ["AzureSandbox", .product(name: "ArgumentParser", package: "swift-argument-parser")],
        swiftSettings: swiftSettings),
]

let package = Package(
    name: "credferry",
    products: [
        .executable(name: "credferry", targets: ["credferry"]),
        .executable(name: "credferry-keyring", targets: ["credferry-keyring"]),
        .executable(name: "azure-sandbox", targets: ["azure-sandbox"]),
        .library(name: "SecretMemory", targets: ["SecretMemory"]),
        .library(name: "SinkCore", targets: ["SinkCore"]),
        .library(name: "PluginKit", targets: ["PluginKit"]),
        .library(name: "Rotation", targets: ["Rotation"]),
        .library(name: "Fleet", targets: ["Fleet"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: targets
)
