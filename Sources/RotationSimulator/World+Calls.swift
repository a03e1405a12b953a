import Rotation

/// Calls: what goes wrong on the way, and what the other side does.
extension World {
    /// Carries out a call of a process.
    ///
    /// - Returns: the answer that the process will get.
    func carryOut(_ effect: Effect, _ process: RotatorProcess) -> Event? {
        if chance.happens(weather.failure) { return failed(effect, failure(for: effect)) }
        let answer = answer(effect, process)
        // The answer is lost on the way, and the call was carried out.
        guard chance.happens(weather.lostAnswer) else { return answer }
        note("the answer to \(effect) is lost")
        return failed(effect, Failure(.answerLost, "lost"))
    }

    private func answer(_ effect: Effect, _ process: RotatorProcess) -> Event? {
        switch effect {
        case .findApplication(let displayName): findApplication(displayName)
        case .makeApplication(let displayName): makeApplication(displayName)
        case .makePrincipal: makePrincipal(process)
        case .link: link(process)
        case .grant(let index): grant(index, process)
        case .unmake: unmake(process)
        case .add(let displayName, let notAfter): add(displayName, notAfter, process)
        case .list: list(process)
        case .prove: prove(process)
        case .put(let index): put(index, process)
        case .readBack(let index): readBack(index, process)
        case .load(let index): load(index, process)
        case .reset(let index): reset(index, at: consumer(index, process), process)
        case .follow(let index, let operation): follow(index, operation, at: consumer(index, process))
        case .examine(let index): examine(index, at: consumer(index, process), process)
        case .remove(let keyId): remove(keyId, process)
        case .sleep, .forgetSecret: nil
        }
    }

    /// Which consumer of the world a plan's is: the plan leaves out those that were gone.
    private func consumer(_ index: Int, _ process: RotatorProcess) -> Int {
        Int(process.rotation.record.plan.consumers[index].name.dropFirst()) ?? 0
    }

    /// What a call fails of that is not carried out.
    private func failure(for effect: Effect) -> Failure {
        let ordinary = chance.pick([
            Failure(.unavailable, "503"), Failure(.unavailable, "unreachable"),
            Failure(.throttled, "429", retryAfter: chance.between(1, 90)),
        ])
        guard chance.happens(30) else { return ordinary }
        switch effect {
        case .makeApplication:
            return chance.pick([Failure(.answerLost, "lost"), Failure(.forbidden, "403")])
        case .link, .grant: return Failure(.forbidden, "403")
        case .add: return chance.pick([Failure(.answerLost, "lost"), Failure(.forbidden, "403")])
        case .remove: return chance.pick([Failure(.answerLost, "lost"), Failure(.conflict, "409")])
        case .reset: return chance.pick([Failure(.answerLost, "lost"), Failure(.conflict, "409")])
        case .put: return chance.pick([Failure(.answerLost, "lost"), Failure(.denied, "denied")])
        case .prove: return Failure(.signIn, "AADSTS700016")
        default: return ordinary
        }
    }

    private func failed(_ effect: Effect, _ failure: Failure) -> Event? {
        switch effect {
        case .findApplication: .findFailed(failure)
        case .makeApplication: .makeFailed(failure)
        case .makePrincipal: .principalFailed(failure)
        case .link: .linkFailed(failure)
        case .grant(let index): .grantFailed(index, failure)
        case .unmake: .unmakeFailed(failure)
        case .add: .addFailed(failure)
        case .list: .listFailed(failure)
        case .prove: .proofFailed(failure)
        case .put(let index): .putFailed(index, failure)
        case .readBack(let index): .readBackFailed(index, failure)
        case .load(let index): .loadFailed(index, failure)
        case .reset(let index): .resetFailed(index, failure)
        case .follow(let index, _): .operation(index, .unknown)
        case .examine(let index): .consumerFailed(index, failure)
        case .remove(let keyId): .removeFailed(keyId: keyId, failure)
        case .sleep, .forgetSecret: nil
        }
    }
}
