"""The public random beacon drand: the rounds of its chain "quicknet", and how they are fetched.

A round is a random number that a group of organizations publishes together every three seconds,
and that none of them can know or choose before (https://drand.love/docs). Its randomness is the
SHA-256 of its signature, which is checked here. That the signature is the chain's is left to the
servers: all that answer must agree. Those who doubt it can compare the round with drand itself.
"""

import hashlib
import json
import math
import time
from datetime import UTC, datetime
from typing import Any

import requests
import structlog
from django.conf import settings

from waitlists.draw_models import QUICKNET_GENESIS, QUICKNET_PERIOD

QUICKNET = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
# Seconds to connect, and between two reads.
TIMEOUT = (3.0, 5.0)
MOST_SECONDS = 10.0
# A round takes some 300 bytes.
MOST_BYTES = 10_000

log = structlog.get_logger(__name__)


class BeaconUnreachable(Exception):
    """No server gave the round, or two gave different ones."""


def round_from(at: datetime) -> int:
    """Return the first round that exists at a time or later."""
    return max(1, math.ceil((at.timestamp() - QUICKNET_GENESIS) / QUICKNET_PERIOD) + 1)


def time_of(number: int) -> datetime:
    """Return when a round exists."""
    return datetime.fromtimestamp(QUICKNET_GENESIS + (number - 1) * QUICKNET_PERIOD, UTC)


def name_of(number: int) -> str:
    """Return how a round is called in public."""
    return f"drand quicknet, round {number}"


def url_of(number: int, *, server: str = "https://api.drand.sh") -> str:
    return f"{server.rstrip('/')}/{QUICKNET}/public/{number}"


def fetch_randomness(number: int) -> str:
    """Return a round's randomness, 64 hexadecimal digits. Raises BeaconUnreachable."""
    found = {value for server in settings.EVENTLY_DRAND_SERVERS if (value := _ask(server, number))}
    if len(found) != 1:
        log.warning("beacon_unreachable", round=number, values=len(found))
        raise BeaconUnreachable
    return found.pop()


def _ask(server: str, number: int) -> str | None:
    try:
        return _randomness(json.loads(_get(url_of(number, server=server))), number)
    except (requests.RequestException, OSError, ValueError) as error:
        log.warning("beacon_server_failed", server=server, error=type(error).__name__)
        return None


def _get(url: str) -> bytes:
    """Return what a URL answers, within 10 s. Raises RequestException, OSError, ValueError."""
    end = time.monotonic() + MOST_SECONDS
    plain = {"Accept-Encoding": "identity"}
    body = b""
    with requests.get(
        url, timeout=TIMEOUT, stream=True, headers=plain, allow_redirects=False
    ) as answer:
        answer.raise_for_status()
        if answer.is_redirect:
            raise ValueError("a redirect, to a server that is none of DRAND_SERVERS")
        # A server may also send a byte now and then, for ever.
        while piece := answer.raw.read1(1024):
            body += piece
            if len(body) > MOST_BYTES or time.monotonic() > end:
                raise ValueError("too long an answer")
    return body


def _randomness(answer: Any, number: int) -> str:
    """Return the randomness of a server's answer. Raises ValueError where it is not the round."""
    match answer:
        case {"round": int(found), "randomness": str(value), "signature": str(signature)}:
            if found == number and hashlib.sha256(bytes.fromhex(signature)).hexdigest() == value:
                return value
    raise ValueError("not the round that was asked for")
