"""Verify a receipt of an erasure (docs/running.md, "Deleting people")."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evently.erasure.signing import SignatureInvalid, read_document


class Command(BaseCommand):
    help = "Verifies the signature of a receipt of an erasure, and shows what it says."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--keys",
            type=Path,
            metavar="FILE",
            help="Public keys as published at /erased/keys.json (default: those of this site).",
        )

    def handle(self, *args: Any, file: Path, keys: Path | None, **options: Any) -> None:
        try:
            published = json.loads(keys.read_text()) if keys else None
            says = read_document(file.read_text(), published)
        except (OSError, UnicodeError) as error:
            raise CommandError(f"{file} cannot be read: {error}") from error
        except ValueError as error:
            raise CommandError(f"{keys} is not a JWK Set.") from error
        except SignatureInvalid as error:
            raise CommandError(f"{file} is not valid. {error}") from error
        self.stdout.write(json.dumps(says, indent=2, ensure_ascii=False))
        self.stdout.write(self.style.SUCCESS(f"The signature of {file} is valid."))
