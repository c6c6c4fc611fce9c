"""`python -m bench.growth`: in a small database, and its judgement of larger ones."""

import subprocess
import sys

import pytest

from bench.growth.__main__ import lines
from bench.throwaway import ROOT


@pytest.mark.slow
@pytest.mark.processes
def test_each_step_is_measured_in_a_small_database() -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "bench.growth", "--rounds", "1"),
            *("--bookings", "20000", "--events", "1000", "--waitlist", "0"),
        ],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    names = [line[:46].strip() for line in done.stdout.splitlines()]
    assert {"booking", "search: jazz", "admin: dashboard", "admin: booking by reference"} <= {
        *names
    }


def test_limits_hold_for_a_million_bookings() -> None:
    found = {
        "booking": {20_000: [2.0], 1_000_000: [2.1], 5_000_000: [2.2]},
        "admin: dashboard": {20_000: [10.0], 1_000_000: [299.0], 5_000_000: [1500.0]},
        "search: jazz": {20_000: [1.0], 1_000_000: [21.0], 5_000_000: [19.0]},
    }
    most = {"booking": 0, "admin: dashboard": 300, "search: jazz": 20}
    _, booking, dashboard, search = lines(found, most)
    assert booking.split()[1:] == ["2.00", "2.10", "2.20", "1.10", "≤", "1.1", "met"]
    assert dashboard.endswith("≤ 300 met")
    assert search.endswith("≤ 20 NOT MET")
