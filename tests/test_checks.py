"""script/checks.py: which failed tests a whole run repeats."""

import importlib.util
import sys

import pytest

from evently.environment import BASE_DIR

pytestmark = pytest.mark.slow

# Fails the first time, and passes from then on.
FLAKY = """
import pathlib
import pytest

@pytest.mark.parametrize("number", range({number}))
{mark}
def test_flaky(number):
    seen = pathlib.Path(__file__).with_suffix(f".{{number}}")
    assert seen.exists() or seen.touch()
"""
BROKEN = "def test_broken(): assert False"


@pytest.fixture
def verdict(tmp_path, monkeypatch):
    """Return what a whole run says that consists of one file of tests, and what it printed."""
    spec = importlib.util.spec_from_file_location("checks", BASE_DIR / "script/checks.py")
    checks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(checks)
    (tmp_path / "cache").mkdir()
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    race: by chance\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)

    def run(content):
        (tmp_path / "test_it.py").write_text(content)
        return checks.test([sys.executable, "-m", "pytest", "-q"], cache=tmp_path / "cache")

    return run


def test_few_failed_tests_are_repeated_and_named(verdict, capfd):
    assert verdict(FLAKY.format(number=2, mark="")) == (
        "ok, but only when run again: test_it.py::test_flaky[0], test_it.py::test_flaky[1]"
    )
    assert "2 failed" in capfd.readouterr().out


@pytest.mark.parametrize(
    "content",
    [
        FLAKY.format(number=1, mark="@pytest.mark.race"),
        FLAKY.format(number=4, mark=""),
        BROKEN,
        FLAKY.format(number=1, mark="") + BROKEN,
        "raise ValueError",
    ],
    ids=["race", "many", "broken", "one of two broken", "not collected"],
)
def test_failure_counts(verdict, content):
    assert verdict(content) == "FAILED"


def test_run_without_failures_is_ok(verdict):
    assert verdict("def test_fine(): pass") == "ok"
