"""An on-sale over HTTP, on servers of its own (`bench/storm.py`)."""

import json
import os
import subprocess
import sys

import pytest

from bench.storm import is_correct
from evently.environment import BASE_DIR
from evently.tests.running import NOT_INHERITED, STATIC_ROOT

pytestmark = [pytest.mark.processes, pytest.mark.slow]


def test_1500_attempts_by_32_clients_sell_500_seats_once() -> None:
    """Exactly 500 are confirmed, and every attempt is logged."""
    environment = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    environment["STATIC_ROOT"] = str(STATIC_ROOT)
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
    assert is_correct(single)
    assert is_correct(mixed)
