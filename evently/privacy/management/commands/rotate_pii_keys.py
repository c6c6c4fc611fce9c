"""Rewrap users' keys with the first of EVENTLY_PII_KEYS (docs/settings.md, "Changing keys")."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from evently.formatting import counted
from evently.privacy.keys import ROTATION_BATCH, processes_without, rotate_keys
from evently.privacy.sealing import WrappingKeyMissing

# Longer than the periodic tasks that let an idle worker connect.
WATCH_SECONDS = 15.0
LOOK_SECONDS = 1.0


class Command(BaseCommand):
    help = (
        "Rewraps every user's key with the first key of EVENTLY_PII_KEYS, once all processes know "
        "it. Can be stopped and run again. Afterwards the older keys can be removed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch", type=int, default=ROTATION_BATCH)
        parser.add_argument(
            "--watch",
            type=float,
            default=WATCH_SECONDS,
            metavar="SECONDS",
            help="How long to look for processes that do not know the key (default: 15; 0: once).",
        )

    def handle(self, *args: Any, batch: int, watch: float, **options: Any) -> None:
        current = next(iter(settings.EVENTLY_PII_KEYS))
        self._refuse_unready_processes(current, watch)
        try:
            count = rotate_keys(batch=batch)
        except WrappingKeyMissing as error:
            raise CommandError(
                f"EVENTLY_PII_KEYS lacks the key {error.key_name!r}, which users' keys are wrapped "
                "with. Add it again, after the current one, then run this again."
            ) from error
        self.stdout.write(f"Rewrapped {count} keys. All keys are now wrapped with {current!r}.")

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
