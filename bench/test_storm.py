"""An on-sale over real HTTP, on servers of its own, as `bench/storm.py` runs it."""

import json
import os
import subprocess
import sys

import pytest

from bench.storm import is_right
from evently.environment import BASE_DIR
from evently.tests.running import NOT_INHERITED

pytestmark = [pytest.mark.processes, pytest.mark.slow]


def test_1500_attempts_by_32_clients_sell_500_seats_once() -> None:
    """Exactly 500 are confirmed, every attempt is logged, and nothing is left over."""
    environment = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    run = subprocess.run(
        [sys.executable, "-m", "bench.storm", "--both"],
        cwd=BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    single, mixed = json.loads(run.stdout)
    assert single["attempts_logged"] == {"success": 500, "failed": 1000}
    assert is_right(single)
    assert is_right(mixed)
