"""What the plugin keeps of a secret once it has answered: nothing, in any of its memory."""

import base64
import os

import pytest

NAME = "demo/service-principal"


def memory(pid):
    """The process's readable memory, mapping by mapping."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as contents:
        for line in maps:
            span, mode, *_, = line.split()
            if not mode.startswith("r") or line.rstrip().endswith(("[vvar]", "[vsyscall]")):
                continue
            start, end = (int(text, 16) for text in span.split("-"))
            try:
                contents.seek(start)
                yield line.strip(), contents.read(end - start)
            except OSError:
                continue  # a guard page


@pytest.mark.skipif(os.geteuid() != 0, reason="the plugin lets nobody but root look into it")
def test_no_copy_is_left(keyring):
    secret = b"canary-" + os.urandom(16).hex().encode()
    keyring.put(NAME, secret)
    assert keyring.get(NAME)["secret"] == secret
    keyring.delete(NAME)
    needles = [secret, base64.b64encode(secret)[:-4]]
    marker = NAME.encode()
    found, markers = [], 0
    for mapping, contents in memory(keyring.process.pid):
        markers += contents.count(marker)
        found += [(mapping, needle) for needle in needles if needle in contents]
    assert markers > 0, "the memory was not searched"
    assert found == []
