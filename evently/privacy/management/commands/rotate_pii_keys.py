"""Rewrap users' keys: put a new key first in EVENTLY_PII_KEYS, restart, then run this."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from evently.privacy.keys import ROTATION_BATCH, rotate_keys
from evently.privacy.sealing import WrappingKeyMissing


class Command(BaseCommand):
    help = (
        "Rewraps every user's key with the first key of EVENTLY_PII_KEYS. Can be stopped and run "
        "again. Afterwards the older keys can be removed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch", type=int, default=ROTATION_BATCH)

    def handle(self, *args: Any, batch: int, **options: Any) -> None:
        try:
            count = rotate_keys(batch=batch)
        except WrappingKeyMissing as error:
            raise CommandError(str(error)) from error
        current = next(iter(settings.EVENTLY_PII_KEYS))
        self.stdout.write(f"Rewrapped {count} keys. All keys are now wrapped with {current!r}.")
