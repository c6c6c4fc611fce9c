import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.dispatch import Signal

from evently.accounts import signals
from evently.origin import Origin

SIGNALS = (
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


@pytest.fixture(autouse=True)
def quick_hashing():
    """Hash passwords with Argon2 at low cost: most tests only need the result."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"time_cost": 1, "memory_cost": 8, "parallelism": 1}.items():
            patch.setattr(Argon2PasswordHasher, name, value)
        yield patch


@pytest.fixture
def slow_hashing(quick_hashing):
    """Hash at the cost used in production, for tests that compare times."""
    quick_hashing.undo()
