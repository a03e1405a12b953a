"""Microsoft's libraries, pointed at a sandbox."""

from __future__ import annotations

from azure.identity import ClientSecretCredential

from sandbox import Sandbox


def credential(sandbox: Sandbox, client: str = "", secret: str = "") -> ClientSecretCredential:
    """Sign in with a secret; as the sandbox's operator unless told otherwise."""
    return ClientSecretCredential(
        sandbox.info["tenant"],
        client or sandbox.operator,
        secret or sandbox.operator_secret,
        authority=sandbox.info["login"],
        disable_instance_discovery=True,  # it would ask Microsoft's own authority about ours
    )


def audiences(sandbox: Sandbox) -> dict[str, str]:
    """The audience of each service."""
    services = {"management": sandbox.info["management"], "graph": sandbox.info["graph"]}
    return {**services, "vault": f"https://{sandbox.info['vaultSuffix']}"}
