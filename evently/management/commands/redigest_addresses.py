"""Let people be found by their address under a new EVENTLY_DIGEST_KEY, where the old is lost."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand

from evently.accounts.models import User
from evently.privacy.addresses import digest_of_address
from evently.transactions import run_in_transaction

BATCH = 500


class Command(BaseCommand):
    help = (
        "Opens every address once and digests it under the current EVENTLY_DIGEST_KEY. Can be "
        "stopped and run again. Two accounts of one address, made under two keys, stay apart: "
        "the older one is left as it is, and named."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the size of a batch."""
        parser.add_argument("--batch", type=int, default=BATCH)

    def handle(self, *args: Any, batch: int, **options: Any) -> None:
        """Digest them all, the newest first."""
        before: UUID | None = None
        total = 0
        while ids := _next_ids(before, batch):
            before = ids[-1]
            changed, left = run_in_transaction(lambda ids=ids: redigest(ids))  # type: ignore[misc]
            total += changed
            for id_ in left:
                self.stdout.write(f"{id_} stays as it is: a newer account has its address.")
        self.stdout.write(f"{total} people are found by the current key now.")


def _next_ids(before: UUID | None, batch: int) -> list[UUID]:
    people = User.objects.filter(email_digest__isnull=False).order_by("-pk")
    if before is not None:
        people = people.filter(pk__lt=before)
    return list(people.values_list("pk", flat=True)[:batch])


def redigest(ids: list[UUID]) -> tuple[int, list[UUID]]:
    """Digest these people's addresses anew; return how many changed, and who was left.

    Those are left whose address belongs to somebody else under the current key already.
    """
    changed, left = 0, []
    people = User.objects.with_keys().select_for_update(of=("self",), no_key=True)
    for user in people.filter(pk__in=ids).order_by("-pk"):
        digest = digest_of_address(user.email)
        if not user.email or digest == user.email_digest:
            continue
        if User.objects.filter(email_digest=digest).exists():
            left.append(user.pk)
            continue
        user.email_digest = digest
        user.save(update_fields=["email_digest"])
        changed += 1
    return changed, left
