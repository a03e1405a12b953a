"""Checks recorded exchanges against the services' own documents.

    from openapi import check

    problems = check(sandbox.exchanges())

Both sides are judged: what a client sent, and what the service answered. Besides the documents'
schemas, these rules of the services are held:

* a request carries a bearer token, unless it is for a token or for public metadata, or is refused;
* Key Vault's refusal names the authority and the resource (the challenge that its clients need);
* Resource Manager's own errors are wrapped in `error`; those of the AKS provider come bare;
* an accepted long-running operation says where to follow it, and clients use that URL verbatim;
* every answer carries the id by which the service's support would find it;
* Graph shows a secret in the answer to addPassword only;
* no secret is in a URL or a header.
"""

from .checks import Problem, check

__all__ = ["Problem", "check"]
