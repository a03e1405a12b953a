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

let package = Package(
    name: "credferry",
    products: [
        .library(name: "SecretMemory", targets: ["SecretMemory"]),
        .library(name: "SinkCore", targets: ["SinkCore"]),
        .library(name: "Rotation", targets: ["Rotation"]),
    ],
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0")
    ],
    targets: [
        // MARK: Foundations
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLinux"),
        .target(name: "SecretMemory", dependencies: ["CLinux", "COpenSSL"], swiftSettings: swiftSettings),
        .testTarget(name: "SecretMemoryTests", dependencies: ["SecretMemory"], swiftSettings: swiftSettings),
        .target(name: "SinkCore", dependencies: ["SecretMemory"], swiftSettings: swiftSettings),
        .testTarget(name: "SinkCoreTests", dependencies: ["SinkCore"], swiftSettings: swiftSettings),

        // MARK: The rotation
        .target(name: "Rotation", dependencies: ["SecretMemory", "SinkCore"], swiftSettings: swiftSettings),
        .testTarget(
            name: "RotationTests", dependencies: ["Rotation", "SecretMemory", "SinkCore"],
            swiftSettings: swiftSettings),
        .target(
            name: "Journal",
            dependencies: [
                "Rotation", "SecretMemory", "SinkCore", .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "JournalTests", dependencies: ["Journal", "Rotation", "SecretMemory"],
            swiftSettings: swiftSettings),
    ]
)
