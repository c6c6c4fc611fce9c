"""Whether a full run of the tests saw every rule of the database refuse, or do, something.

A refusal counts when the database refused under that name, in a test that passed and that goes
around Django: one in a file `test_database*.py`. What is needed travels in the reports of tests,
so it arrives from xdist's workers too. After a run of some of the tests this says nothing.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest

REFUSED = "refused by the database"
RULES = "rules of the database"

# Under which names the test that runs now was refused.
_refusals: set[str] = set()


def note_refusal(name: str | None) -> None:
    """Remember that the database refused something under this name."""
    if name:
        _refusals.add(name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Let the test's report tell what was refused meanwhile."""
    _refusals.clear()
    try:
        return (yield)
    finally:
        if _refusals and item.path.name.startswith("test_database"):
            item.user_properties.append((REFUSED, sorted(_refusals)))


class Covering:
    """Gathers from the reports of all tests, and judges when they were all there."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.passed: set[str] = set()
        self.refused: set[str] = set()
        self.declared: dict[str, Any] | None = None
        self.problems: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take over what a test that passed has shown."""
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
        """Let the run fail where a rule was not seen."""
        if self.declared is None or session.exitstatus != 0 or not is_full(session.config):
            return
        self.problems = judge(refused=self.refused, passed=self.passed, **self.declared)
        if self.problems:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say what was not seen."""
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
    """Return what is wrong: rules not seen, exceptions that are none, reasons that are not there.

    stands_behind, shown_by: rules to what stands before them, or to the test that shows them.
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
    """Return whether all tests were to run: nothing was chosen, left out or cut short."""
    option = config.option
    chosen = (option.keyword, option.markexpr, option.deselect, option.ignore, option.ignore_glob)
    last = [getattr(option, name, False) for name in ("lf", "stepwise", "collectonly")]
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and not any([*chosen, *last])


def pytest_configure(config: pytest.Config) -> None:
    """Gather where the reports of all tests arrive: not in a worker."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Covering(), "covering")
