"""The short form of `bench.mail_kills`: nobody is left out, or told twice unnoticed."""

import os
import subprocess
import sys

import pytest

from evently.environment import BASE_DIR
from evently.tests.running import NOT_INHERITED, STATIC_ROOT


@pytest.mark.slow
@pytest.mark.race
@pytest.mark.processes
def test_each_person_is_told_while_all_parts_are_killed() -> None:
    # With this seed, worker, broker, database and mailer are killed, in this order.
    arguments = ["--emails", "80", "--seconds", "10", "--seed", "68"]
    environment = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    environment["STATIC_ROOT"] = str(STATIC_ROOT)
    run = subprocess.run(
        [sys.executable, "-m", "bench.mail_kills", *arguments],
        cwd=BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr[-4000:]
    assert "80 people" in run.stdout
    assert "killed: worker 1×, broker 1×" in run.stdout
