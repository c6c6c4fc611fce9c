"""Some years of made-up data: nights, kills, and every row accounted for."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.ten_years.balance import Balance, Unbalanced
from bench.ten_years.drill import drill
from bench.ten_years.made_up import fill
from bench.ten_years.nights import Nights
from evently.accounts.factories import UserFactory
from evently.lifecycle.asking import ask
from evently.lifecycle.models import ColdFile
from evently.tests.database import as_owner

START = datetime(2015, 1, 10, 12, tzinfo=UTC)
KILLS = 4


@pytest.fixture
def cold(settings: Any, tmp_path: Path) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "cold": {
            "BACKEND": "evently.lifecycle.folder.PrivateFolder",
            "OPTIONS": {"location": str(tmp_path)},
        },
    }


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_no_row_is_lost_or_twice_when_nights_are_killed(cold: None, clock: Any) -> None:
    users = [user.pk for user in UserFactory.create_batch(60)]
    # The owner sets the clock as well, which this sets right after the test.
    clock.stop(START)
    with as_owner() as owner:
        owner.execute("SET statement_timeout = 0")
        made = fill(owner, bookings=1_200, start=START, users=users, years=3)
    balance = Balance.taken()
    nights = Nights(
        balance=balance,
        set_clock=clock.stop,
        step=timedelta(days=400),
        kills=KILLS,
        chance=random.Random(7),
    )

    list(nights.pass_through(made.start, made.end + timedelta(days=800)))

    assert nights.killed == KILLS
    assert ask("SELECT count(*) FROM bookings") == [0]
    assert ask("SELECT count(*) FROM booking_attempts") == [0]
    assert ColdFile.objects.filter(table_name="bookings_archive").exists()
    assert "noticed" in list(drill())[-1]
    balance.made["bookings_archive"] |= {users[0]: made.end}
    with pytest.raises(Unbalanced):
        balance.check(at=made.end)
