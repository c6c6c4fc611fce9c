"""Look users up by email address under a new EVENTLY_DIGEST_KEY, where the old key is lost."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand

from evently.accounts.models import User
from evently.accounts.signals import addresses_redigested
from evently.privacy.addresses import digest_of_address
from evently.transactions import run_in_transaction

BATCH = 500


class Command(BaseCommand):
    help = (
        "Decrypts every email address and digests it with the current EVENTLY_DIGEST_KEY. Can be "
        "interrupted and run again. Where two accounts have one email address, created under two "
        "keys, the older one is listed and left unchanged."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch", type=int, default=BATCH)

    def handle(self, *args: Any, batch: int, **options: Any) -> None:
        # The newest first: of two accounts with one email address, the newer one gets it.
        before: UUID | None = None
        total = 0
        while ids := _next_ids(before, batch):
            before = ids[-1]
            changed, left = run_in_transaction(lambda ids=ids: redigest(ids))  # type: ignore[misc]
            total += changed
            for id_ in left:
                self.stdout.write(f"{id_} is unchanged: a newer account has its email address.")
        addresses_redigested.send(sender=User)
        self.stdout.write(f"{total} users are now looked up by the current key.")


def _next_ids(before: UUID | None, batch: int) -> list[UUID]:
    users = User.objects.filter(email_digest__isnull=False).order_by("-pk")
    if before is not None:
        users = users.filter(pk__lt=before)
    return list(users.values_list("pk", flat=True)[:batch])


def redigest(ids: list[UUID]) -> tuple[int, list[UUID]]:
    """Digest the email addresses of these users; return how many changed, and who was left.

    Users are left whose email address already belongs to another user under the current key.
    """
    changed, left = 0, []
    users = User.objects.with_keys().select_for_update(of=("self",), no_key=True)
    for user in users.filter(pk__in=ids).order_by("-pk"):
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
