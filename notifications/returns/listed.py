"""Look up which addresses are on the suppression list: asked for each batch of emails."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from django.db import connection

from evently.database.prepared import execute_prepared
from evently.privacy.addresses import digests_of_address

SUPPRESSED = """
    SELECT address_digest, reason FROM suppressions
    WHERE released_at IS NULL AND address_digest = ANY (%(digests)s)
"""


def suppressed_among(addresses: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """Return those of some addresses that get no emails, each with the reasons."""
    by_digest = {
        digest: address
        for address in addresses
        if address
        for digest in digests_of_address(address)
    }
    if not by_digest:
        return {}
    found: dict[str, set[str]] = defaultdict(set)
    for digest, reason in execute_prepared(connection, SUPPRESSED, {"digests": list(by_digest)}):
        found[by_digest[digest]].add(reason)
    return {address: frozenset(reasons) for address, reasons in found.items()}
