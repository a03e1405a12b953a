import PluginProtocol
import SinkCore
import Testing

@testable import PluginKit

@Suite struct ServeTests {
    private let metadata =
        #"{"appId":"a","cluster":"c","credential":"application","keyId":"k","notAfter":"2027-01-15T08:00:00Z","#
        + #""tenant":"t"}"#

    @Test func aWholeConversation() async {
        let host = Conversation { _ in MemorySink() }
        host.ask(1, "initialize", #"{"protocol":[1,2],"host":{"name":"h","version":"1"},"options":{}}"#)
        #expect(
            await host.next()
                == #"{"jsonrpc":"2.0","id":1,"result":{"can":["put","get"],"plugin":{"name":"test","#
                + #""version":"1"},"protocol":1}}"#)
        host.ask(2, "put", #"{"name":"n","secret":{"base64":"AP8="},"metadata":\#(metadata)}"#)
        #expect(await host.next() == #"{"jsonrpc":"2.0","id":2,"result":{"version":"1"}}"#)
        host.ask(3, "get", #"{"name":"n"}"#)
        #expect(
            await host.next()
                == #"{"jsonrpc":"2.0","id":3,"result":{"secret":{"base64":"AP8="},"metadata":"# + metadata
                + #","version":null}}"#)
        host.ask(4, "get", #"{"name":"m"}"#)
        #expect(
            await host.next() == #"{"jsonrpc":"2.0","id":4,"error":{"code":-32001,"message":"nothing"}}"#)
        host.ask(5, "list", #"{"prefix":""}"#)
        #expect(
            await host.next()
                == #"{"jsonrpc":"2.0","id":5,"error":{"code":-32601,"message":"this sink cannot list what it holds"}}"#
        )
        host.ask(6, "shutdown")
        #expect(await host.next() == #"{"jsonrpc":"2.0","id":6,"result":{}}"#)
        #expect(await host.next() == nil)
        #expect(await host.status == 0)
    }

    @Test func aNameIsCheckedBeforeAPut() async {
        let host = Conversation { _ in MemorySink() }
        await host.begin()
        host.ask(1, "put", #"{"name":"bad","secret":{"base64":""},"metadata":\#(metadata)}"#)
        #expect(
            await host.next()
                == #"{"jsonrpc":"2.0","id":1,"error":{"code":-32005,"data":{"hint":"another name"},"#
                + #""message":"\"bad\" cannot be held"}}"#)
        host.hangUp()
        #expect(await host.status == 0)
    }

    @Test func nothingComesBeforeInitializeAndItComesOnce() async {
        let host = Conversation { _ in MemorySink() }
        host.ask(1, "get", #"{"name":"n"}"#)
        #expect(
            await host.next()?.contains(#""code":-32600,"message":"initialize must be called first""#) == true
        )
        await host.begin()
        host.ask(2, "initialize", #"{"protocol":[1],"host":{"name":"h","version":"1"}}"#)
        #expect(
            await host.next()?.contains(#""code":-32600,"message":"initialize has been called before""#)
                == true)
        host.hangUp()
    }

    @Test func anotherVersionIsRefusedAndTheRightOneMayFollow() async {
        let host = Conversation { _ in MemorySink() }
        host.ask(1, "initialize", #"{"protocol":[2,3],"host":{"name":"h","version":"1"}}"#)
        #expect(
            await host.next()?.contains(
                #""message":"test speaks version 1 of the protocol, and the host 2, 3""#) == true)
        host.ask(2, "initialize", #"{"protocol":[1],"host":{"name":"h","version":"1"}}"#)
        #expect(await host.next()?.contains(#""id":2,"result""#) == true)
        host.hangUp()
    }

    @Test func whatTheSinkSaysOfItsOptionsIsTold() async {
        let host = Conversation { options in
            try options.allowOnly("folder")
            guard try options.string("folder") != nil else { throw SinkError(.refused, "no folder") }
            return MemorySink()
        }
        let peer = #""protocol":[1],"host":{"name":"h","version":"1"}"#
        host.ask(1, "initialize", #"{\#(peer),"options":{"fodler":"x"}}"#)
        #expect(
            await host.next()?.contains(
                #""code":-32005,"data":{"hint":"there are: folder"},"message":"there is no option \"fodler\"""#
            )
                == true)
        host.ask(2, "initialize", #"{\#(peer),"options":{"folder":7}}"#)
        #expect(await host.next()?.contains(#""message":"the option \"folder\" is not a text""#) == true)
        host.ask(3, "initialize", #"{\#(peer),"options":{}}"#)
        #expect(await host.next()?.contains(#""message":"no folder""#) == true)
        host.ask(4, "initialize", #"{\#(peer),"options":{"folder":"x"}}"#)
        #expect(await host.next()?.contains(#""id":4,"result""#) == true)
        host.hangUp()
    }

    @Test func garbageIsAnsweredAndTheConversationGoesOn() async {
        let host = Conversation { _ in MemorySink() }
        await host.begin()
        host.write("hello\n")
        #expect(
            await host.next()
                == #"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"the line is not JSON"}}"#)
        host.ask(1, "steal")
        #expect(
            await host.next()
                == #"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"there is no method \"steal\""}}"#
        )
        host.write(#"{"jsonrpc":"2.0","method":"news","params":{}}"# + "\n")
        host.ask(2, "get", #"{"name":"n"}"#)
        #expect(await host.next()?.contains(#""id":2,"error":{"code":-32001"#) == true)
        host.hangUp()
        #expect(await host.status == 0)
    }

    @Test func aCallIsCancelledWhileOthersGoOn() async {
        let host = Conversation { _ in MemorySink() }
        await host.begin()
        host.ask(1, "get", #"{"name":"slow"}"#)
        host.ask(2, "get", #"{"name":"n"}"#)
        #expect(await host.next()?.contains(#""id":2"#) == true)
        host.ask(1, "get", #"{"name":"n"}"#)
        #expect(await host.next()?.contains("another request of this id is at work") == true)
        host.write(#"{"jsonrpc":"2.0","method":"cancel","params":{"id":7}}"# + "\n")
        host.write(#"{"jsonrpc":"2.0","method":"cancel","params":{"id":1}}"# + "\n")
        #expect(
            await host.next()
                == #"{"jsonrpc":"2.0","id":1,"error":{"code":-32004,"message":"cancelled: true"}}"#)
        host.hangUp()
    }

    @Test func aLineWithoutEndEndsTheConversation() async {
        let host = Conversation { _ in MemorySink() }
        await host.begin()
        _ = DetachedThread.start {
            for _ in 0..<17 { host.write(String(repeating: "x", count: 1 << 16)) }
        }
        #expect(await host.next()?.contains(#""id":null,"error":{"code":-32600"#) == true)
        #expect(await host.next() == nil)
        #expect(await host.status == 1)
    }

    @Test func theEndOfTheInputEndsIt() async {
        let host = Conversation { _ in MemorySink() }
        await host.begin()
        host.write(#"{"jsonrpc":"2.0","id":1,"method":"shutdown"}"#)
        host.hangUp()
        // Half a line is no request.
        #expect(await host.next() == nil)
        #expect(await host.status == 0)
    }
}

@Suite struct OnThreadTests {
    private let late = SinkError(.unavailable, "late")

    @Test func givesWhatTheBodyGives() async throws {
        #expect(try await onThread(within: .seconds(60), late: late) { () throws(SinkError) in 7 } == 7)
        let error = await #expect(throws: SinkError.self) {
            try await onThread(within: .seconds(60), late: late) { () throws(SinkError) -> Int in
                throw SinkError(.locked, "no")
            }
        }
        #expect(error == SinkError(.locked, "no"))
    }

    @Test func doesNotWaitForABodyThatIsLate() async throws {
        let pipe = try #require(HangingPipe())
        let error = await #expect(throws: SinkError.self) {
            try await onThread(within: .milliseconds(50), late: late) { () throws(SinkError) in pipe.wait() }
        }
        #expect(error == late)
        pipe.release()
    }
}
