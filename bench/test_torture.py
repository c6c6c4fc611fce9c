"""A torture run finds no violated invariant."""

import subprocess
import sys

import pytest

from bench.throwaway import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.processes]


def run_bench(name: str, *arguments: str) -> str:
    """Run a benchmark that must succeed, and return its output."""
    done = subprocess.run(
        [sys.executable, f"bench/{name}.py", *arguments],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.race
def test_torture_finds_no_violation() -> None:
    """Runs for a minute with 16 processes."""
    output = run_bench("torture", "--seconds", "60", "--processes", "16")
    assert "checks" in output
