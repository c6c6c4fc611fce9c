"""Erase again whom the register of erasures has, after a restore (docs/operating.md)."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from boxoffice.lifecycle.operations.replaying import (
    Replay,
    replay_erasures,
    settle_without_register,
)
from evently.erasure.register import (
    RegisterBroken,
    RegisterConflict,
    RegisterUnreachable,
    the_register,
)
from evently.formatting import counted


class Command(BaseCommand):
    help = (
        "Erases again all people whom the register of erasures has, in a database that was "
        "restored from a backup. Can be stopped and run again."
    )
    # They would report what this command is for.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only say how many there are.")
        parser.add_argument(
            "--accept-unknown-keys",
            action="store_true",
            help="Accept entries that are signed with a key that is lost; their chain is checked.",
        )
        parser.add_argument(
            "--no-register",
            action="store_true",
            help="There never was a register: serve this copy as it is.",
        )

    def handle(
        self,
        *args: Any,
        dry_run: bool,
        accept_unknown_keys: bool,
        no_register: bool,
        **options: Any,
    ) -> None:
        register = the_register()
        try:
            is_there = register.exists()
            if no_register:
                if is_there:
                    raise CommandError(
                        f"There is a register at {register}: run this without --no-register."
                    )
                settle_without_register()
                self.stdout.write("This database counts as the original from now on.")
                return
            if not is_there:
                raise CommandError(
                    f"There is no register of erasures at {register}. Set ERASURE_REGISTER to that "
                    "of the original, or copy the file there."
                )
            replay = replay_erasures(
                register,
                dry_run=dry_run,
                accept_unknown_keys=accept_unknown_keys,
                progress=self._show,
            )
        except (RegisterBroken, RegisterConflict) as error:
            raise CommandError(f"Nothing was erased. {error}") from error
        except RegisterUnreachable as error:
            raise CommandError(
                f"The register cannot be read: {error}. Run this again, it goes on where it was."
            ) from error
        self._report(replay, dry_run=dry_run)

    def _show(self, replay: Replay) -> None:
        if replay.entries > 200:
            self.stdout.write(f"{replay.erased} people erased so far")

    def _report(self, replay: Replay, *, dry_run: bool) -> None:
        entries = counted(replay.entries, "entry", "entries")
        people = counted(replay.readable, "person", "people")
        if dry_run:
            self.stdout.write(f"The register has {entries}; {people} would be erased again.")
            return
        for number, why in replay.failed.items():
            self.stderr.write(f"Entry {number}: {why}")
        if replay.failed:
            raise CommandError("Not all could be erased. Run this again.")
        done = counted(replay.erased, "person", "people")
        self.stdout.write(
            f"The register has {entries}; {done} erased again. The database may be served."
        )
