import Glibc
import SecretMemory
import Testing

@testable import HTTP

/// In processes of their own: they look at all of a process's memory and threads.
@Suite("What stays behind", .enabled(if: !isSanitized, "a sanitizer has memory and threads of its own"))
struct HygieneTests {
    @Test func noSecretAndNoThread() async {
        await #expect(processExitsWith: .success) {
            let server = TestServer.answering { answer(body: String(decoding: $0.body, as: UTF8.self)) }
            let client = HTTPClient()
            try #require(threadNames().allSatisfy { $0 != "credferry-http" })
            for _ in 0..<50 {
                var request = HTTPRequest(.post, server.url)
                request.bearerToken = shared("token")
                request.body = shared("body")
                #expect(try await client.text(request).body == "body")
            }
            #expect(threadNames().contains("credferry-http"))
            await client.close()
            await eventually { !threadNames().contains("credferry-http") }
            #expect(!threadNames().contains("credferry-http"))
            await eventually { SecureHeap.bytesInUse == 0 }
            #expect(SecureHeap.bytesInUse == 0)
        }
    }

    @Test func nothingIsLoadedBeforeTheFirstRequest() async {
        await #expect(processExitsWith: .success) {
            let server = TestServer.answering { _ in answer() }
            let client = HTTPClient()
            #expect(
                await client.failure(HTTPRequest(.get, "http://service.example/"))?.code == .invalidRequest)
            #expect(!mappedFiles().contains("libcurl.so"))
            _ = try await client.text(HTTPRequest(.get, server.url))
            #expect(mappedFiles().contains("libcurl.so"))
        }
    }

    @Test func aForgottenClientEndsItsThread() async {
        await #expect(processExitsWith: .success) {
            let server = TestServer.answering { _ in answer() }
            do {
                let client = HTTPClient()
                _ = try await client.text(HTTPRequest(.get, server.url))
                #expect(threadNames().contains("credferry-http"))
            }
            await eventually { !threadNames().contains("credferry-http") }
            #expect(!threadNames().contains("credferry-http"))
        }
    }

    /// Requests and answers over TLS leave no copy, neither while the connection is kept nor afterwards.
    @Test func noCopyOfWhatWasSentAndReceived() async {
        await #expect(processExitsWith: .success) {
            let server = try TLSServer()
            let client = HTTPClient(HTTPClient.Options(certificateAuthorities: server.authority))
            let (token, body, answered) = (Needle(seed: 1), Needle(seed: 2), Needle(seed: 3))
            for _ in 0..<10 {
                var request = HTTPRequest(.post, "https://localhost:\(server.port)/")
                request.bearerToken = token.secret()
                request.body = body.secret()
                let response = try await client.send(request)
                let (held, length) = (answered.count(), response.body.count)
                // The search can find something: what is still held, and nothing else.
                #expect(length == 48)
                #expect(held == 1)
                #expect(token.count() == 1)
                #expect(body.count() == 1)
                _ = request
            }
            #expect(token.count() == 0)
            #expect(body.count() == 0)
            #expect(answered.count() == 0)
            await client.close()
            #expect(token.count() + body.count() + answered.count() == 0)
            server.stop()
        }
    }
}

private let isSanitized = ["__tsan_init", "__asan_init"].contains { (name: String) in
    dlsym(nil, name) != nil
}

private func threadNames() -> [String] {
    guard let folder = opendir("/proc/self/task") else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
        let thread = withUnsafeBytes(of: entry.pointee.d_name) { name in
            String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
        }
        guard let file = fopen("/proc/self/task/\(thread)/comm", "r") else { continue }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 64)
        guard fgets(&line, Int32(line.count), file) != nil else { continue }
        names.append(String(decoding: line.prefix { $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
    return names
}

/// What is mapped into this process's memory, as proc_pid_maps(5) lists it.
private func mappedFiles() -> String {
    guard let maps = fopen("/proc/self/maps", "r") else { return "" }
    defer { fclose(maps) }
    var text: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while case let count = fread(&chunk, 1, chunk.count, maps), count > 0 { text += chunk[..<count] }
    return String(decoding: text, as: UTF8.self)
}

/// 48 letters that are known by a rule, so that looking for them puts no copy of them into memory.
struct Needle: Sendable {
    let seed: Int
    private static let length = 48

    private func byte(_ index: Int) -> UInt8 {
        UInt8(65 + (index * 7 + seed + index / 26) % 26)
    }

    func secret() -> SharedSecret {
        var buffer = SecretBuffer(capacity: Self.length)
        for index in 0..<Self.length { buffer.append(byte(index)) }
        return SharedSecret(buffer.finish())
    }

    /// How often they stand in this process's writable memory.
    func count() -> Int {
        let chunkSize = 1 << 20
        guard let memory = fopen("/proc/self/mem", "r"),
            let chunk = mmap(nil, chunkSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        else { return -1 }
        // Unbuffered: standard I/O must keep no copy either.
        setvbuf(memory, nil, _IONBF, 0)
        defer {
            fclose(memory)
            explicit_bzero(chunk, chunkSize)
            munmap(chunk, chunkSize)
        }
        let own = UInt(bitPattern: chunk)..<UInt(bitPattern: chunk) + UInt(chunkSize)
        var ranges: [Range<UInt>] = []
        for line in mappedFiles().split(separator: "\n") {
            let words = line.split(separator: " ")
            let bounds = words[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard bounds.count == 2, words[1].hasPrefix("rw") else { continue }
            ranges.append(bounds[0]..<bounds[1])
        }
        var found = 0
        for range in ranges {
            var start = range.lowerBound
            while start < range.upperBound {
                let size = min(UInt(chunkSize), range.upperBound - start)
                let count = pread(fileno(memory), chunk, Int(size), Int(start))
                if count > 0 {
                    let bytes = UnsafeRawBufferPointer(start: chunk, count: count)
                    found += offsets(in: bytes).count { !own.contains(start + UInt($0)) }
                }
                guard size == UInt(chunkSize) else { break }
                start += size - UInt(Self.length)
            }
        }
        return found
    }

    private func offsets(in bytes: UnsafeRawBufferPointer) -> [Int] {
        guard let base = bytes.baseAddress else { return [] }
        var offsets: [Int] = []
        var offset = 0
        while offset + Self.length <= bytes.count {
            guard let hit = memchr(base + offset, Int32(byte(0)), bytes.count - offset) else { break }
            offset = UnsafeRawPointer(hit) - base
            if offset + Self.length <= bytes.count,
                (1..<Self.length).allSatisfy({ bytes[offset + $0] == byte($0) })
            {
                offsets.append(offset)
            }
            offset += 1
        }
        return offsets
    }
}
