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
            says = read_document(_text_of(file), _keys_in(keys) if keys else None)
        except SignatureInvalid as error:
            raise CommandError(f"{file} is not valid. {error}") from error
        self.stdout.write(json.dumps(says, indent=2, ensure_ascii=False))
        self.stdout.write(self.style.SUCCESS(f"The signature of {file} is valid."))


def _text_of(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not a text"
        raise CommandError(f"{file} cannot be read: {reason}.") from error


def _keys_in(file: Path) -> dict[str, Any]:
    """Return the JWK Set in a file."""
    try:
        keys: Any = json.loads(_text_of(file))
    except ValueError:
        keys = None
    found = keys.get("keys") if isinstance(keys, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise CommandError(f"{file} is no JWK Set: it is what the site has at /erased/keys.json.")
    return {"keys": found}
