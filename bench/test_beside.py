"""`python -m bench.beside`, with one round of one measure, so that it cannot rot."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench.beside.__main__ import WHAT_PEOPLE_DO, Compared, judge
from bench.measures import MEASURES
from evently.environment import BASE_DIR
from evently.tests.running import STATIC_ROOT


def test_every_measure_that_is_compared_exists() -> None:
    assert WHAT_PEOPLE_DO.keys() <= MEASURES.keys()


def test_the_ratio_is_the_median_of_those_of_the_rounds() -> None:
    """What slows both sides down in one round changes nothing."""
    assert Compared("home", earlier=[1.0, 5.0, 2.0], now=[1.1, 5.5, 4.0]).ratio == 1.1


def test_rounds_without_a_tick_of_the_clock_are_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Less idling, what is short comes out as nothing, or as less than nothing."""
    some = Compared("home", earlier=[0.0, -0.1, 2.0], now=[1.0, 1.0, 3.0])
    none = Compared("search", earlier=[0.0, 1.0], now=[1.0, -0.1])
    assert some.ratio == 1.5
    assert none.ratio is None
    assert [line.split()[3] for line in (some.line(), none.line())] == ["1.50", "–"]

    assert judge([some, none], most=1.1) == 1
    assert capsys.readouterr().out.splitlines() == [
        *("", "More than 1.10: home"),
        *("", "Too short to be compared, give --round-seconds: search"),
    ]
    assert judge([some], most=1.6) == 0


@pytest.mark.slow
@pytest.mark.processes
def test_a_release_is_measured_beside_itself() -> None:
    short = ("--rounds=1", "--round-seconds=0.5", "--idle-seconds=1", "--people=12")
    done = _beside(BASE_DIR, *short, "--only=home", "--most=0.0001")

    assert re.search(r"^home +\d+\.\d\d +\d+\.\d\d +\d+\.\d\d ", done.stdout, re.MULTILINE), done
    assert done.stdout.endswith("More than 0.00: home\n")
    assert done.returncode == 1


def test_a_checkout_that_is_not_set_up_is_named(tmp_path: Path) -> None:
    done = _beside(tmp_path)

    assert done.returncode == 1
    assert f"{tmp_path} is not set up: run script/bootstrap --dev there." in done.stderr


def test_a_measure_that_there_is_not_is_named() -> None:
    done = _beside(BASE_DIR, "--only=homes")

    assert done.returncode == 2
    assert "no such measure: homes; there are booking" in done.stderr


def _beside(*arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "bench.beside", *map(str, arguments)],
        cwd=BASE_DIR,
        env=os.environ | {"STATIC_ROOT": str(STATIC_ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
