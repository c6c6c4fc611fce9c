"""Replace the key of analysts' pseudonyms if a month has begun; `--now`: in any case."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from boxoffice.analysts.rotation import rotate_pseudonyms


class Command(BaseCommand):
    help = (
        "Destroys the key of last month's pseudonyms and makes one for this month, as a task does "
        "each hour. With --now, destroys this month's key, too, after a leak for example."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--now", action="store_true", help="Replace this month's key, too.")

    def handle(self, *args: Any, now: bool, **options: Any) -> None:
        if rotate_pseudonyms(using="owner", at_once=now):
            self.stdout.write("The key is replaced. Pseudonyms read before cannot be made again.")
        else:
            self.stdout.write(
                "The key is that of this month. Use --now to replace it all the same."
            )
