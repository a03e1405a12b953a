import Glibc
import PluginProtocol
import SecretMemory
import Testing

@Suite struct LineReaderTests {
    /// The lines that one read of `reader` gives.
    private func read(_ reader: inout LineReader) throws -> ([String], LineReader.Progress) {
        var lines: [String] = []
        let progress = try reader.read { line in
            lines.append(line.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
        }
        return (lines, progress)
    }

    @Test func cutsLinesWhereverTheReadsFall() throws {
        let pipe = Pipe()
        var reader = LineReader(pipe.readEnd)
        pipe.write("one\n\ntw")
        #expect(try read(&reader).0 == ["one", ""])
        pipe.write("o")
        #expect(try read(&reader).0 == [])
        pipe.write("\nthree\r\n")
        #expect(try read(&reader).0 == ["two", "three\r"])
    }

    @Test func halfALineAtTheEndIsNone() throws {
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        defer { close(ends[0]) }
        var reader = LineReader(ends[0])
        #expect(write(ends[1], "a\nb", 3) == 3)
        close(ends[1])
        #expect(try read(&reader).0 == ["a"])
        let (lines, progress) = try read(&reader)
        #expect(lines == [] && progress == .end)
    }

    @Test func doesNotWaitWhereTheDescriptorDoesNot() throws {
        let pipe = Pipe()
        #expect(fcntl(pipe.readEnd, F_SETFL, O_NONBLOCK) == 0)
        var reader = LineReader(pipe.readEnd)
        #expect(try read(&reader).1 == .wouldBlock)
    }

    @Test func aLineOfTheLimitPassesAndOneByteMoreDoesNot() throws {
        let pipe = Pipe()
        var reader = LineReader(pipe.readEnd, limit: 4)
        pipe.write("1234\n")
        #expect(try read(&reader).0 == ["1234"])
        // It need not be complete to be too long.
        pipe.write("12345")
        let error = #expect(throws: LineError.self) { try reader.read { _ in } }
        #expect(error == .tooLong(limit: 4))
    }

    @Test func aBadDescriptorIsAnError() {
        var reader = LineReader(-1)
        let error = #expect(throws: LineError.self) { try reader.read { _ in } }
        #expect(error == .system(errno: EBADF))
    }
}
