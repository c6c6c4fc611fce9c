"""Challenges of passkeys, kept in the session from the browser's question to its answer."""

import os
import time
from typing import Literal

from django.http import HttpRequest
from webauthn import base64url_to_bytes
from webauthn.helpers import bytes_to_base64url

from evently.accounts.operations.passkeys import WrongPasskey

# Adding a passkey; logging in with nothing else; a second step, or proving it is still the user.
Ceremony = Literal["add", "log_in", "check"]

CHALLENGE = "passkey_challenge"
CHALLENGE_BYTES = 32
LIFETIME_SECONDS = 300


def new_challenge(request: HttpRequest, ceremony: Ceremony) -> bytes:
    """Return a challenge for one ceremony; an earlier one ends."""
    challenge = os.urandom(CHALLENGE_BYTES)
    request.session[CHALLENGE] = [ceremony, bytes_to_base64url(challenge), int(time.time())]
    return challenge


def take_challenge(request: HttpRequest, ceremony: Ceremony) -> bytes:
    """Return the challenge of a ceremony, once.

    Raises WrongPasskey if there is none, or it is too old.
    """
    kept = request.session.pop(CHALLENGE, None)
    if not kept or kept[0] != ceremony or kept[2] < time.time() - LIFETIME_SECONDS:
        raise WrongPasskey
    return base64url_to_bytes(kept[1])
