import argon2
import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.dispatch import Signal

from evently.accounts import signals
from evently.origin import Origin

ANNOUNCED = (
    "user_registered",
    "registration_repeated",
    "address_verification_requested",
    "password_reset_requested",
    "login_link_requested",
    "password_ended",
)

HASHING_PARAMETERS = ("time_cost", "memory_cost", "parallelism")
HASHING_COST = (1, 8, 1)


@pytest.fixture
def origin():
    return Origin(ip_address="192.0.2.7", user_agent="test")


@pytest.fixture
def announced():
    """Collect (signal's name, user) in order; nobody else hears them."""
    heard = []
    undo = []
    for name in ANNOUNCED:
        signal: Signal = getattr(signals, name)

        def hear(sender, *, user, name=name, **kwargs):
            heard.append((name, user))

        kept = signal.receivers
        signal.receivers = []
        signal.sender_receivers_cache.clear()
        signal.connect(hear, weak=False)
        undo.append((signal, kept))
    yield heard
    for signal, kept in undo:
        signal.receivers = kept
        signal.sender_receivers_cache.clear()


@pytest.fixture(autouse=True)
def quick_hashing():
    """Hash passwords with Argon2, but cheaply: most tests only need the result."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in zip(HASHING_PARAMETERS, HASHING_COST, strict=True):
            patch.setattr(Argon2PasswordHasher, name, value)
        yield


@pytest.fixture
def hashings(monkeypatch):
    """Collect what each hashing of a password costs: it is what takes time in a log-in."""
    costs, make, verify = [], argon2.low_level.hash_secret, argon2.PasswordHasher.verify

    def hash_secret(*secrets, **parameters):
        costs.append(tuple(parameters[name] for name in HASHING_PARAMETERS))
        return make(*secrets, **parameters)

    def verify_secret(hasher, encoded, secret):
        found = argon2.extract_parameters(encoded)
        costs.append(tuple(getattr(found, name) for name in HASHING_PARAMETERS))
        return verify(hasher, encoded, secret)

    monkeypatch.setattr(argon2.low_level, "hash_secret", hash_secret)
    monkeypatch.setattr(argon2.PasswordHasher, "verify", verify_secret)
    return costs
