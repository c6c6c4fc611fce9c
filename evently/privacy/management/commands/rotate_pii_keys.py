"""Rewrap users' keys with the first of EVENTLY_PII_KEYS (docs/settings.md, "Changing keys")."""

import time
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, OutputWrapper

from evently.formatting import as_list, counted
from evently.privacy.keys import (
    ROTATION_BATCH,
    processes_without,
    processes_wrapping_otherwise,
)
from evently.privacy.rotation import Rotation, also_wrapped, keys_in_use, rotate_keys

# Longer than the periodic tasks that let an idle worker connect.
WATCH_SECONDS = 15.0
LOOK_SECONDS = 1.0
# Between two lines of progress: on a terminal, where each replaces the one before, and in a log.
TERMINAL_SECONDS = 0.2
LOG_SECONDS = 10.0
# How many of the users whose keys cannot be unwrapped are listed.
LISTED = 20


class Command(BaseCommand):
    help = (
        "Rewraps every user's key with the first key of EVENTLY_PII_KEYS, once all processes know "
        "it, and says which older keys can be removed. Can be stopped and run again, also twice "
        "at once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--batch",
            type=_batch_size,
            default=ROTATION_BATCH,
            metavar="KEYS",
            help=f"How many keys a transaction rewraps (default: {ROTATION_BATCH}).",
        )
        parser.add_argument(
            "--watch",
            type=float,
            default=WATCH_SECONDS,
            metavar="SECONDS",
            help="How long to look for processes that do not know the key (default: 15; 0: once).",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="Only count the keys, and try to unwrap each of them. Changes nothing.",
        )

    def handle(
        self, *args: Any, batch: int, watch: float, dry_run: bool = False, **options: Any
    ) -> None:
        current = next(iter(settings.EVENTLY_PII_KEYS))
        if not dry_run:
            self._refuse_unready_processes(current, watch)
        done = rotate_keys(batch=batch, dry_run=dry_run, watch=_Progress(self.stderr))
        if dry_run:
            self.stdout.write(
                f"{counted(done.rewrapped, 'key')} would be rewrapped with {current!r}. "
                "Nothing was changed."
            )
        elif done.is_complete:
            self.stdout.write(
                f"Rewrapped {counted(done.rewrapped, 'key')}. All keys are now wrapped with "
                f"{current!r}."
            )
        else:
            self.stdout.write(f"Rewrapped {counted(done.rewrapped, 'key')} with {current!r}.")
        self._say_which_keys_are_in_use(current, done)
        if faults := _faults(done):
            raise CommandError("\n".join(faults))

    def _say_which_keys_are_in_use(self, current: str, done: Rotation) -> None:
        others = also_wrapped()
        uses = {
            name: [counted(n, "user's key", "users' keys")] for name, n in keys_in_use().items()
        }
        for name, words in others.items():
            uses.setdefault(name, []).extend(words)
        for name, words in sorted(uses.items()):
            self.stdout.write(f"In use: {name!r}, by {as_list(words)}.")
        unused = [name for name in settings.EVENTLY_PII_KEYS if name not in uses]
        for name in unused:
            if name != current:
                self.stdout.write(_on_unused(name, current))
        for name in settings.EVENTLY_PII_KEYS:
            if name != current and name in uses:
                self.stdout.write(f"Keep {name!r} in EVENTLY_PII_KEYS while it is in use.")

    @staticmethod
    def _refuse_unready_processes(current: str, watch: float) -> None:
        deadline = time.monotonic() + watch
        while True:
            if count := processes_without(current):
                raise CommandError(
                    f"{counted(count, 'database connection')} of Evently's processes that do not "
                    f"know the key {current!r}. Restart all of them with it in EVENTLY_PII_KEYS, "
                    "then run this again. Nothing was changed."
                )
            if time.monotonic() >= deadline:
                return
            time.sleep(LOOK_SECONDS)


class _Progress:
    """Writes how far a rotation is, and how long it will take, now and then."""

    def __init__(self, out: OutputWrapper) -> None:
        self.out = out
        self.on_terminal = out.isatty()
        self.started = self.last = time.monotonic()

    def __call__(self, done: Rotation) -> None:
        now = time.monotonic()
        is_last = done.rewrapped + len(done.broken) >= done.total
        wait = TERMINAL_SECONDS if self.on_terminal else LOG_SECONDS
        if now - self.last < wait and not (is_last and self.on_terminal):
            return
        self.last = now
        share = (done.rewrapped + len(done.broken)) / max(done.total, 1)
        line = f"{done.rewrapped} of {done.total} keys ({share:.0%})"
        if 0 < share < 1:
            line += f", about {(now - self.started) * (1 - share) / share:.0f} s left"
        if self.on_terminal:
            self.out.write(f"\r{line}\x1b[K", ending="\n" if is_last else "")
            self.out.flush()
        else:
            self.out.write(line)


def _batch_size(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise ArgumentTypeError("a whole number from 1 to 10000")
    return int(text)


def _on_unused(name: str, current: str) -> str:
    if count := processes_wrapping_otherwise(current):
        return (
            f"Not in use now: {name!r}. But {counted(count, 'database connection')} of processes "
            f"that wrap the keys of new users with another key than {current!r}: restart them with "
            "it first in EVENTLY_PII_KEYS, then run this again."
        )
    return (
        f"No longer in use: {name!r}. It can be removed from EVENTLY_PII_KEYS; keep a copy as long "
        "as backups from before now."
    )


def _faults(done: Rotation) -> list[str]:
    """Return a sentence for each reason why keys were not rewrapped."""
    faults = [
        f"EVENTLY_PII_KEYS lacks the key {name!r}, which {counted(count, 'key')} of users "
        f"{'is' if count == 1 else 'are'} wrapped with. Add it again, after the current one, then "
        "run this again."
        for name, count in sorted(done.unknown.items())
    ]
    if done.broken:
        listed = ", ".join(map(str, done.broken[:LISTED]))
        more = f" and {len(done.broken) - LISTED} more" if len(done.broken) > LISTED else ""
        faults.append(
            f"{counted(len(done.broken), 'key')} cannot be unwrapped, and stayed as before: those "
            f"of the users {listed}{more}. What is encrypted under them is unreadable, until the "
            "rows are restored from a backup of the schema keys."
        )
    if done.busy:
        faults.append(
            f"{counted(done.busy, 'key')} stayed locked by other transactions. Run this again."
        )
    return faults
