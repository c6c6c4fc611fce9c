"""The arithmetic of a draw: from a secret, a list and a public random value to places.

The database computes the same (`evently_draws_update`); docs/line-record.md says it in words. All
texts are ASCII, all hashes SHA-256 in lower-case hexadecimal digits.
"""

import hashlib
import secrets
from collections.abc import Iterable
from shlex import quote


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def new_secret() -> str:
    """Return 64 random hexadecimal digits, for a draw that is about to be announced."""
    return secrets.token_hex(32)


def commitment_of(secret: str) -> str:
    """Return what is published of a secret when a draw is announced."""
    return hash_of(secret)


def list_text(refs: Iterable[str]) -> str:
    """Return the list as it is published: a line for each ref, in ascending order."""
    return "".join(f"{ref}\n" for ref in sorted(refs))


def list_hash(refs: Iterable[str]) -> str:
    return hash_of(list_text(refs))


def seed_of(secret: str, list_hash: str, beacon: str) -> str:
    """Return the seed: it depends on a secret, a list, and a value known only after both."""
    return hash_of(f"{secret}\n{list_hash}\n{beacon}\n")


def lot_of(seed: str, ref: str) -> str:
    return hash_of(seed + ref)


def places(seed: str, refs: Iterable[str]) -> dict[str, int]:
    """Return the places by ref, from 1, in the order drawn: that of the lots."""
    order = sorted(refs, key=lambda ref: lot_of(seed, ref))
    return {ref: place for place, ref in enumerate(order, 1)}


def command(list_url: str, seed: str, ref: str) -> str:
    """Return a line for the shells of Linux and macOS that prints the place and lot of a ref.

    macOS may lack sha256sum. In some languages, sort would put "aa" after "z" without LC_ALL.
    """
    lots = f"printf %s {seed}$r | (sha256sum || shasum -a 256) 2>/dev/null | cut -c1-64"
    loop = f'while read r; do echo "$({lots}) $r"; done'
    return f"curl -fsS {quote(list_url)} | {loop} | LC_ALL=C sort | grep -n {quote(ref)}"
