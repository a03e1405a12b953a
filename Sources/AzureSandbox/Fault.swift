/// Something that goes wrong with the requests that it matches.
struct Fault: Sendable {
    /// What happens to such a request.
    enum Effect: Sendable {
        /// It is answered with this, and not handled.
        case answer(WireAnswer)
        /// The request is handled this many seconds later.
        case delay(Double)
        /// The connection is closed without an answer.
        case drop(handled: Bool)
        /// There is no answer, and the connection stays open.
        case hang(handled: Bool)
    }

    /// The service that it befalls; any where `nil`.
    var service: Service?
    /// The method that it befalls; any where `nil`.
    var method: String?
    /// What the path and query of a request must contain.
    var pathContains = ""
    /// What the body of a request must contain.
    var bodyContains = ""
    /// How many requests it befalls; all where `nil`.
    var times: Int?
    /// How many matching requests it lets go by first.
    var after = 0
    let effect: Effect

    /// Whether it is meant for a request.
    func matches(_ request: WireRequest, to service: Service) -> Bool {
        (self.service ?? service) == service && (method ?? request.method) == request.method
            && (pathContains.isEmpty || request.target.contains(pathContains))
            && (bodyContains.isEmpty
                || String(decoding: request.body, as: UTF8.self).contains(bodyContains))
    }
}

/// The faults that stand, in the order in which they were set.
struct FaultList: Sendable {
    private(set) var faults: [Fault] = []

    /// Adds one.
    mutating func add(_ fault: Fault) {
        faults.append(fault)
    }

    /// Removes all.
    mutating func clear() {
        faults.removeAll()
    }

    /// What happens to a request.
    ///
    /// Every fault that matches counts it until one has its effect; one that still waits lets it go by.
    mutating func effect(on request: WireRequest, to service: Service) -> Fault.Effect? {
        for index in faults.indices where faults[index].matches(request, to: service) {
            if faults[index].times == 0 { continue }
            guard faults[index].after == 0 else {
                faults[index].after -= 1
                continue
            }
            if let times = faults[index].times { faults[index].times = times - 1 }
            return faults[index].effect
        }
        return nil
    }
}

extension Fault {
    /// Reads the control interface's form.
    init(_ json: JSON) throws(ControlError) {
        try json.requireMembers(
            "service", "method", "pathContains", "bodyContains", "times", "after", "effect", of: "a fault")
        guard let wanted = json["effect"] else { throw ControlError("a fault has an \"effect\"") }
        effect = try Effect(wanted)
        if let name = try json.text("service") {
            guard let service = Service(rawValue: name), service != .control else {
                throw ControlError("there is no service \"\(name)\"; there are graph, login, arm and vault")
            }
            self.service = service
        }
        method = try json.text("method")
        pathContains = try json.text("pathContains") ?? ""
        bodyContains = try json.text("bodyContains") ?? ""
        after = try json.count("after") ?? 0
        // What is left out means once, and `null` means for ever.
        times = try json.count("times") ?? (json["times"] == nil ? 1 : nil)
    }
}

extension Fault.Effect {
    /// Reads the control interface's form.
    init(_ json: JSON) throws(ControlError) {
        if let status = json["status"]?.whole {
            guard (200...599).contains(status) else { throw ControlError("a status is between 200 and 599") }
            var answer = json["body"].map(WireAnswer.init(body:)) ?? WireAnswer(status)
            answer.status = status
            for member in json["headers"]?.members ?? [] {
                answer.headers.removeAll { $0.name == member.name.lowercased() }
                let value = member.value.text ?? String(decoding: member.value.bytes, as: UTF8.self)
                answer.headers.append((member.name.lowercased(), value))
            }
            self = .answer(answer)
        } else if let seconds = json["delay"]?.decimal {
            self = .delay(seconds)
        } else if let when = json["drop"]?.text, ["before", "after"].contains(when) {
            self = .drop(handled: when == "after")
        } else if json["hang"]?.flag == true || json["hang"]?.text == "after" {
            self = .hang(handled: json["hang"]?.text == "after")
        } else {
            throw ControlError(
                "an effect is {\"status\": …}, {\"delay\": …}, {\"drop\": \"before\"}, {\"drop\": \"after\"}, "
                    + "{\"hang\": true} or {\"hang\": \"after\"}")
        }
    }
}

extension WireAnswer {
    /// An answer whose body is a text or, of anything else, the JSON.
    fileprivate init(body: JSON) {
        self.init(200, body)
        guard let text = body.text else { return }
        self.body = Array(text.utf8)
        headers = [("content-type", "text/html")]
    }
}
