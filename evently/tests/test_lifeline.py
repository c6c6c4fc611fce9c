"""Web workers that outlive their main process end when their lifeline is cut, or when asked to."""

import os
import signal
import subprocess
import sys

import pytest

from evently.supervisor import lifeline
from evently.tests.running import wait_for

HOLDS_ON = (
    "import time; from evently.supervisor import lifeline; lifeline.hold_on(); time.sleep(600)"
)
JUST_RUNS = "import time; time.sleep(600)"


@pytest.fixture
def orphaned():
    """Return a function that starts a process with a lifeline, in a group of its own."""
    started = []

    def start(code):
        held, cut = os.pipe()
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            env=os.environ | {lifeline.VARIABLE: str(held)},
            pass_fds=[held],
            start_new_session=True,
        )
        os.close(held)
        started.append(process)
        return process, lifeline.Orphans(process.pid, cut)

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_process_ends_when_its_lifeline_is_cut(orphaned):
    process, orphans = orphaned(HOLDS_ON)
    assert orphans.are_left()
    assert not orphans.have_stopped(), "nobody has asked it to"

    orphans.cut()

    assert process.wait(60) == -signal.SIGKILL


def test_orphans_are_asked_to_stop_once(orphaned):
    process, orphans = orphaned(JUST_RUNS)

    orphans.ask_to_stop()

    assert process.wait(60) == -signal.SIGTERM
    assert wait_for(orphans.have_stopped)
    asked_at = orphans.stop_at
    orphans.ask_to_stop()
    assert orphans.stop_at == asked_at, "the group may be another's by now"
    orphans.cut()


def test_orphans_that_do_not_stop_are_cut_in_the_end(orphaned, monkeypatch):
    monkeypatch.setattr(lifeline, "STOP_SECONDS", 0)
    ignoring = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {HOLDS_ON}"
    process, orphans = orphaned(ignoring)

    orphans.ask_to_stop()

    assert wait_for(orphans.have_stopped)
    orphans.cut()
    assert process.wait(60) in (-signal.SIGKILL, -signal.SIGTERM)
