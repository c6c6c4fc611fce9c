"""Check that a full run of the tests has exercised every rule of the database.

A refusal counts when the database refused under that name, in a test that passed and that goes
around Django: one in a file `test_database*.py`. What is needed travels in the reports of tests,
so it arrives from xdist's workers too. After a partial run this says nothing.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest

REFUSED = "refused by the database"
RULES = "rules of the database"

# The names under which the running test was refused.
_refusals: set[str] = set()


def note_refusal(name: str | None) -> None:
    """Record that the database refused a statement under this name."""
    if name:
        _refusals.add(name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Add what was refused meanwhile to the test's report."""
    _refusals.clear()
    try:
        return (yield)
    finally:
        if _refusals and item.path.name.startswith("test_database"):
            item.user_properties.append((REFUSED, sorted(_refusals)))


class Covering:
    """Collects the reports of all tests, and judges them after a full run."""

    def __init__(self) -> None:
        self.passed: set[str] = set()
        self.refused: set[str] = set()
        self.declared: dict[str, Any] | None = None
        self.problems: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect what a passed test has exercised."""
        if report.when != "call" or not report.passed:
            return
        self.passed.add(re.sub(r"\[.*", "", report.nodeid).rsplit("::", 1)[-1])
        for name, found in report.user_properties:
            if name == REFUSED:
                self.refused.update(found)
            elif name == RULES:
                self.declared = found

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail the run where a rule was not exercised, whether other tests failed or not."""
        finished = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        if (
            self.declared is None
            or session.exitstatus not in finished
            or not is_full(session.config)
        ):
            return
        self.problems = judge(refused=self.refused, passed=self.passed, **self.declared)
        if self.problems:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """List what was not exercised."""
        if self.problems:
            terminalreporter.section("rules of the database", red=True, bold=True)
            for problem in self.problems:
                terminalreporter.line(problem)


def judge(
    *,
    rules: list[str],
    stands_behind: dict[str, str],
    shown_by: dict[str, str],
    refused: set[str],
    passed: set[str],
) -> list[str]:
    """Return the problems: rules not exercised, exceptions that are refused, unknown reasons.

    stands_behind, shown_by: rules, with what comes before them or the test that shows them.
    """
    exceptions = stands_behind | shown_by
    reasons = refused | set(shown_by) | passed
    return [
        *(
            f"{rule}: no test is refused by it"
            for rule in rules
            if rule not in refused | {*exceptions}
        ),
        *(
            f"{rule}: an exception, though a test is refused by it"
            for rule in exceptions
            if rule in refused
        ),
        *(
            f"{rule}: neither a rule that was seen nor a test that passed is {reason}"
            for rule, reason in exceptions.items()
            if reason not in reasons
        ),
    ]


def is_full(config: pytest.Config) -> bool:
    """Tell whether all tests were selected to run."""
    option = config.option
    chosen = (option.keyword, option.markexpr, option.deselect, option.ignore, option.ignore_glob)
    last = [getattr(option, name, False) for name in ("lf", "stepwise", "collectonly")]
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and not any([*chosen, *last])


def pytest_configure(config: pytest.Config) -> None:
    """Register where the reports of all tests arrive: in the controller, not in a worker."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Covering(), "covering")
