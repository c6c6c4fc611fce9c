"""Wrap people's keys by the current key: put a new one first in EVENTLY_PII_KEYS, then run this."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from evently.privacy.keys import ROTATION_BATCH, rotate_keys
from evently.privacy.sealing import WrappingKeyMissing


class Command(BaseCommand):
    help = (
        "Wraps every person's key by the first key of EVENTLY_PII_KEYS. Can be stopped and run "
        "again; afterwards the older keys can be taken out."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the size of a batch."""
        parser.add_argument("--batch", type=int, default=ROTATION_BATCH)

    def handle(self, *args: Any, batch: int, **options: Any) -> None:
        """Wrap them all."""
        try:
            count = rotate_keys(batch=batch)
        except WrappingKeyMissing as error:
            raise CommandError(str(error)) from error
        current = next(iter(settings.EVENTLY_PII_KEYS))
        self.stdout.write(f"{count} keys were wrapped anew; all are wrapped by {current!r} now.")
