"""The torture runs, and what it looks for is not there."""

import subprocess
import sys

import pytest

from bench.throwaway import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.processes]


def run_bench(name: str, *arguments: str) -> str:
    """Run a bench and return what it printed; it fails where anything was wrong."""
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


def test_torture_finds_nothing_wrong() -> None:
    """Sixteen processes, everything at random, for a minute."""
    said = run_bench("torture", "--seconds", "60", "--processes", "16")
    assert "looks" in said
