"""What a session has proved about its user, and when: by logging in, and again for risky acts.

Kept in the session's own data, so that asking takes no query. A risky act takes a recent proof
(RECENT_PROOF_MINUTES); those that take a factor away need a recent second factor, too.
"""

import time
from typing import Literal

from django.conf import settings
from django.http import HttpRequest

from evently.accounts.models import User

# `login`: by whatever means. `factor`: by a second factor, also as part of a login.
Proof = Literal["login", "password", "factor"]

PROVED_AT = "proved_at"


def prove(request: HttpRequest, *proofs: Proof) -> None:
    """Note that the user of this session has just proved to be the one."""
    at = int(time.time())
    request.session[PROVED_AT] = {**proved(request), **dict.fromkeys(proofs, at)}


def proved(request: HttpRequest) -> dict[str, int]:
    """Return {proof: when, in seconds since 1970}."""
    found: dict[str, int] = request.session.get(PROVED_AT, {})
    return found


def has_second_step(request: HttpRequest) -> bool:
    """Return whether this session was ever proved by a second factor."""
    return "factor" in proved(request)


def missing_proofs(request: HttpRequest, user: User, *, both: bool = False) -> set[Proof]:
    """Return which proofs an act still needs: any recent one, or both password and factor.

    `login` stands for any of them.
    """
    oldest = time.time() - settings.RECENT_PROOF.total_seconds()
    recent = {proof for proof, at in proved(request).items() if at >= oldest}
    if not both:
        return set() if recent else {"login"}
    needed: set[Proof] = {"factor"}
    if user.has_usable_password():
        needed.add("password")
    return needed - recent
