import argon2
import pytest
from django.dispatch import Signal

from evently.accounts import signals
from evently.origin import Origin
from evently.tests import hashing

SIGNALS = (
    "user_registered",
    "registration_repeated",
    "address_verification_requested",
    "password_reset_requested",
    "login_link_requested",
    "password_ended",
    "password_changed",
    "deletion_link_requested",
    "deletion_requested",
    "erasure_started",
)


@pytest.fixture
def origin():
    return Origin(ip_address="192.0.2.7", user_agent="test")


@pytest.fixture
def announced():
    """Collect (signal's name, user) in order; the real receivers are disconnected."""
    received = []
    undo = []
    for name in SIGNALS:
        signal: Signal = getattr(signals, name)

        def collect(sender, *, user, name=name, **kwargs):
            received.append((name, user))

        receivers = signal.receivers
        signal.receivers = []
        signal.sender_receivers_cache.clear()
        signal.connect(collect, weak=False)
        undo.append((signal, receivers))
    yield received
    for signal, receivers in undo:
        signal.receivers = receivers
        signal.sender_receivers_cache.clear()


@pytest.fixture
def hashings(monkeypatch):
    """Collect what each hashing of a password costs: it is what takes time in a log-in."""
    costs, make, verify = [], argon2.low_level.hash_secret, argon2.PasswordHasher.verify

    def hash_secret(*secrets, **parameters):
        costs.append(tuple(parameters[name] for name in hashing.PARAMETERS))
        return make(*secrets, **parameters)

    def verify_secret(hasher, encoded, secret):
        found = argon2.extract_parameters(encoded)
        costs.append(tuple(getattr(found, name) for name in hashing.PARAMETERS))
        return verify(hasher, encoded, secret)

    monkeypatch.setattr(argon2.low_level, "hash_secret", hash_secret)
    monkeypatch.setattr(argon2.PasswordHasher, "verify", verify_secret)
    return costs
