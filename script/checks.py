"""The steps of script/test: all linters beside each other, with static files, then pytest."""

import base64
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from enum import IntEnum
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PYTHON = sys.executable
# Each worker takes 200 MB, a PostgreSQL database and one of the broker's 16.
MOST_WORKERS = 12
TEMPLATES = "templates"
# That of `evently/tests/running.py`.
STATIC_ROOT = ".evently-test/static"
# So many failed tests are run again, alone; with more of them something is broken.
MOST_REPEATED = 3
# None of these: what they look for happens by chance, and need not come back.
NEVER_REPEATED = "race or hypothesis"
# What a step may come to; it is skipped if it exits with EX_TEMPFAIL.
OK, FAILED, SKIPPED = "ok", "FAILED", "skipped"


class PytestCode(IntEnum):
    """Two of pytest's exit codes (`pytest.ExitCode`)."""

    FAILED = 1
    NONE_COLLECTED = 5


def find_browser() -> str | None:
    """Return Chromium's path, where there is one."""
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, BROWSERS)), None)


def ensure_browser() -> None:
    """Find Chromium, or install Debian's where this runs as root, or say that there is none."""
    browser = find_browser()
    if browser is None and os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Chromium for the browser tests ...", flush=True)
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in (
            ["apt-get", "update", "-qq"],
            ["apt-get", "install", "-qq", "-y", "--no-install-recommends", "chromium"],
        ):
            subprocess.run(
                command, env=quiet, check=False, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL
            )
        browser = find_browser()
    if browser is None:
        print("No Chromium here, and no way to install it: browser tests are skipped.", flush=True)
    else:
        os.environ["CHROMIUM"] = browser


def production() -> dict[str, str]:
    """Return an environment like production's, with secrets made up for this run."""
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    return {
        "DEBUG": "false",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "EVENTLY_PII_KEYS": f"check:{key}",
        "EVENTLY_DIGEST_KEY": secrets.token_urlsafe(48),
        "EMAIL_URL": "smtp+tls://user:password@mail.example.org:587",
        "PUBLIC_URL": "https://tickets.example.org",
        "TRUSTED_PROXIES": "127.0.0.1,::1",
    }


def run(name: str, command: list[str], more: Mapping[str, str]) -> str:
    """Run one linter, and return its verdict; show its output unless that is "ok"."""
    started = time.monotonic()
    done = subprocess.run(
        command,
        check=False,
        env=os.environ | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    verdict = {0: OK, os.EX_TEMPFAIL: SKIPPED}.get(done.returncode, FAILED)
    output = "" if verdict == OK else f"\n{done.stdout}"
    print(f"{name}: {verdict} ({time.monotonic() - started:.0f} s){output}", flush=True)
    return verdict


def lint() -> dict[str, str]:
    """Run all linters, and return the verdict of each."""
    manage = [PYTHON, "manage.py"]
    tool = Path(PYTHON).parent
    steps: list[tuple[str, list[str], dict[str, str]]] = [
        # The longest first.
        ("mypy", [PYTHON, "-m", "mypy"], {}),
        # For the tests of production, several of which would collect them at the same time.
        (
            "static files",
            [*manage, "collectstatic", "--no-input"],
            production() | {"STATIC_ROOT": STATIC_ROOT},
        ),
        ("lock files", [PYTHON, "script/locking.py", "--check"], {}),
        ("ruff check", [str(tool / "ruff"), "check", "."], {}),
        ("ruff format", [str(tool / "ruff"), "format", "--check", "."], {}),
        ("import-linter", [str(tool / "lint-imports"), "--no-cache"], {}),
        ("djlint", [PYTHON, "-m", "djlint", "--lint", "--quiet", TEMPLATES], {}),
        ("migrations", [*manage, "makemigrations", "--check", "--dry-run"], {}),
        (
            "check --deploy",
            [*manage, "check", "--deploy", "--fail-level", "WARNING"],
            production(),
        ),
        # Needs a network; without one it is skipped.
        ("pip-audit", [PYTHON, "script/auditing.py"], {}),
    ]
    with ThreadPoolExecutor(cores()) as threads:
        verdicts = threads.map(lambda step: run(*step), steps)
    return dict(zip([name for name, *_ in steps], verdicts, strict=True))


def cores() -> int:
    """Return how many cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def workers() -> list[str]:
    """Return pytest's arguments for all cores; idle workers take tests from busy ones.

    There is one worker more for every two cores, as some tests wait for servers and browsers.
    """
    count = min(cores() * 3 // 2, MOST_WORKERS)
    return ["-n", str(count), "--dist", "worksteal"] if count > 1 else []


def test(command: list[str], *, cache: Path) -> str:
    """Run pytest, and return its verdict. cache: an empty directory, for the names of failed tests.

    A few failed tests are run once more, alone: what is tested with real servers and browsers may
    fail on a machine that is busy with other things. The verdict names those that passed only then.
    Tests that look for what happens by chance are never run again (NEVER_REPEATED).
    """
    command = [*command, "-o", f"cache_dir={cache}"]
    code = subprocess.run(command, check=False).returncode
    failed = failed_tests(cache)
    if code != PytestCode.FAILED or not 1 <= len(failed) <= MOST_REPEATED:
        return OK if code == 0 else FAILED
    again = [PYTHON, "-m", "pytest", "-o", f"cache_dir={cache}", *failed]
    races = subprocess.run(
        [*again, "-m", NEVER_REPEATED, "--collect-only", "-q"], check=False
    ).returncode
    if races != PytestCode.NONE_COLLECTED:
        return FAILED
    print(f"Running again, alone: {', '.join(failed)}", flush=True)
    code = subprocess.run(again, check=False).returncode
    return f"{OK}, but only when run again: {', '.join(failed)}" if code == 0 else FAILED


def failed_tests(cache: Path) -> list[str]:
    """Return the names of the tests that failed in the run with this cache."""
    try:
        return sorted(json.loads((cache / "v/cache/lastfailed").read_text()))
    except FileNotFoundError:
        return []


def main(arguments: list[str]) -> int:
    """Run everything; with arguments, only pytest with these arguments."""
    os.chdir(Path(__file__).resolve().parent.parent)
    command = [PYTHON, "-m", "pytest", *(arguments or workers())]
    ensure_browser()
    if arguments:
        # pytest replaces this process: it gets the signals, and keeps the inherited lock.
        os.execv(PYTHON, command)
    results = lint()
    with tempfile.TemporaryDirectory() as cache:
        results["pytest"] = test(command, cache=Path(cache))
    print(" · ".join(f"{name} {verdict}" for name, verdict in results.items()))
    return 1 if FAILED in results.values() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
