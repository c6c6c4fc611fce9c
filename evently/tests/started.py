"""Copy an EVENTLY_HOME in which Evently has been started before, without the demo.

    python -m evently.tests.started FOLDER

The first start is made once for all tests and runs, and anew when what migrations depend on has
changed.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from evently.environment import BASE_DIR
from evently.tests.running import Running, home_for_tests

STARTED = BASE_DIR / ".evently-test" / "started"


def copy_started(home: Path) -> None:
    """Copy the home of a first start, which is made if it is missing or outdated."""
    from evently.tests import template

    STARTED.parent.mkdir(mode=0o711, exist_ok=True)
    made_from = STARTED / "made_from"
    with STARTED.with_suffix(".lock").open("w") as lock:
        # One process makes it while the others wait.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made_from.exists() or made_from.read_text() != template.digest():
            shutil.rmtree(STARTED, ignore_errors=True)
            STARTED.mkdir(mode=0o700)
            _start_once(STARTED / "home")
            made_from.write_text(template.digest())
        # With owners and modes: root's servers run as another user.
        subprocess.run(["cp", "-a", STARTED / "home", home], check=True)


def _start_once(copied_to: Path) -> None:
    """Start and stop Evently, and copy what it has made, except for the ports of its servers."""
    with home_for_tests() as home:
        running = Running(home, more={"DEMO": "false"}).start()
        try:
            running.await_ready()
            assert running.end(signal.SIGTERM) == 0, running.said()
        finally:
            running.kill_everything()
        (home / "ports.json").unlink()
        subprocess.run(["cp", "-a", home, copied_to], check=True)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evently.settings")
    copy_started(Path(sys.argv[1]))
