/// Something that goes wrong with the requests that it matches.
struct Fault: Sendable {
    /// What happens to such a request.
    enum Effect: Sendable {
        /// It is answered with this, and not handled.
        case answer(WireAnswer)
        /// The connection is closed, and the request is not handled.
        case dropBefore
        /// The request is handled, and the connection is closed before the answer.
        case dropAfter
        /// The request is handled this many seconds later.
        case delay(Double)
        /// There is no answer, and the connection stays open.
        case hang
    }

    /// The service that it befalls; any where `nil`.
    var service: Service?
    /// The method that it befalls; any where `nil`.
    var method: String?
    /// What the path and query of a request must contain.
    var pathContains = ""
    /// How many requests it befalls; all where `nil`.
    var times: Int?
    /// How many matching requests it lets go by first.
    var after = 0
    let effect: Effect

    /// Whether it is meant for a request.
    func matches(_ request: WireRequest, to service: Service) -> Bool {
        (self.service ?? service) == service && (method ?? request.method) == request.method
            && (pathContains.isEmpty || request.target.contains(pathContains))
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

    /// What happens to a request: the first fault that matches counts it and, unless it lets it go by, has its
    /// effect.
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
        guard let members = json.members, let wanted = json["effect"] else {
            throw ControlError("a fault is an object with a member \"effect\"")
        }
        let known = ["service", "method", "pathContains", "times", "after", "effect"]
        for member in members where !known.contains(member.name) {
            throw ControlError(
                "a fault has no member \"\(member.name)\"; it may have \(known.joined(separator: ", "))")
        }
        effect = try Effect(wanted)
        if let name = json["service"]?.text {
            guard let service = Service(rawValue: name), service != .control else {
                throw ControlError("there is no service \"\(name)\"; there are graph, login, arm and vault")
            }
            self.service = service
        }
        method = json["method"]?.text
        pathContains = json["pathContains"]?.text ?? ""
        after = json["after"]?.whole ?? 0
        times = json["times"] == .null ? nil : json["times"]?.whole ?? 1
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
        } else if json["hang"]?.flag == true {
            self = .hang
        } else {
            switch json["drop"]?.text {
            case "before": self = .dropBefore
            case "after": self = .dropAfter
            default:
                throw ControlError(
                    "an effect is {\"status\": …}, {\"drop\": \"before\"}, {\"drop\": \"after\"}, {\"delay\": …} or "
                        + "{\"hang\": true}")
            }
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
