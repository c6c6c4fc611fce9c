"""Passwords are hashed at low cost in tests: they need the result, and hundreds of them make one.

At its real cost each takes a tenth of a second on all cores. Servers that a test starts as
processes of their own hash as in production.
"""

from collections.abc import Iterator

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher

PARAMETERS = ("time_cost", "memory_cost", "parallelism")
COST = (1, 8, 1)


@pytest.fixture(scope="session", autouse=True)
def quick_hashing() -> Iterator[None]:
    """Hash passwords with Argon2 at the lowest cost."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in zip(PARAMETERS, COST, strict=True):
            patch.setattr(Argon2PasswordHasher, name, value)
        yield
