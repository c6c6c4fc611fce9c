"""Carry out the retention rules by hand, or say what is due."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evently.audit.context import acting
from evently.lifecycle.page import PAGE, page
from evently.lifecycle.registry import Rule, kept, rules
from evently.lifecycle.running import Outcome, run

WIDTHS = "{:<22} {:<22} {:>10}  {}"


class Command(BaseCommand):
    help = (
        "Deletes and archives what is older than the retention rules say (docs/lifecycle.md), as "
        "the nightly task does. It can be stopped at any time, and goes on when it is run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count what is due")
        parser.add_argument("--page", action="store_true", help="update docs/lifecycle.md")
        parser.add_argument(
            "--only",
            metavar="TABLE",
            action="append",
            default=[],
            help="a table, or a rule; may be repeated",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["page"]:
            PAGE.write_text(page())
            return
        chosen = _chosen(options["only"])
        if options["dry_run"]:
            self._say_what_is_due(chosen)
            return
        self.stdout.write(WIDTHS.format("Rule", "Table", "Rows", "Result"))
        failed = 0
        with acting(actor="manage.py lifecycle", via="shell"):
            for rule in chosen:
                outcome = run(rule, progress=self._say_progress)
                failed += bool(outcome.error)
                self._say(rule, outcome.rows, _result(outcome))
        if failed:
            raise CommandError(
                f"{failed} of {len(chosen)} rules failed; the log says why. "
                "What was done before stays done. Run the command again once that is solved."
            )

    def _say_what_is_due(self, chosen: list[Rule]) -> None:
        self.stdout.write(WIDTHS.format("Rule", "Table", "Due", "What would happen"))
        for rule in chosen:
            if rule.due is not None:
                self._say(rule, rule.due(), rule.then)
        self.stdout.write("Nothing was changed.")

    def _say(self, rule: Rule, rows: int, text: str) -> None:
        self.stdout.write(WIDTHS.format(rule.name, rule.table, f"{rows:,}", text))

    def _say_progress(self, outcome: Outcome) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{outcome.rule.name}: {outcome.rows:,} rows", ending="\r")


def _chosen(words: list[str]) -> list[Rule]:
    """Return the rules that can be run. Raises CommandError for a name that is none."""
    runnable = [rule for rule in rules() if rule.work is not None]
    for word in words:
        if not any(rule.matches(word) for rule in runnable):
            raise CommandError(_why_not(word, runnable))
    return [rule for rule in runnable if not words or any(map(rule.matches, words))]


def _why_not(word: str, runnable: list[Rule]) -> str:
    """Return why there is nothing to run for a word."""
    for rule in rules():
        if rule.matches(word):
            return f"The rule {rule.name} has a task of its own, which runs {rule.carried_out}."
    for entry in kept():
        if entry.table == word:
            return f"There is no rule for {word}, which is kept. {entry.because}"
    names = sorted({name for rule in runnable for name in (rule.table, rule.name)})
    return f"There is no rule for {word!r}. There are: {', '.join(names)}."


def _result(outcome: Outcome) -> str:
    if outcome.busy:
        return "left to another run, which is at it"
    if outcome.error:
        return f"failed: {outcome.reason or outcome.error}"
    return outcome.rule.then if outcome.rows else "nothing is due"
