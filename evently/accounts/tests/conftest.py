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
        for name, value in {"time_cost": 1, "memory_cost": 8, "parallelism": 1}.items():
            patch.setattr(Argon2PasswordHasher, name, value)
        yield patch


@pytest.fixture
def slow_hashing(quick_hashing):
    """Hash as in production, for tests that look at the time."""
    quick_hashing.undo()
