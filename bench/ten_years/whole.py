"""What `python -m bench.ten_years` runs in its own database."""

import argparse
import os
import random
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import django
import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evently.settings")
django.setup()


from bench.ten_years.balance import Balance  # noqa: E402
from bench.ten_years.drill import drill  # noqa: E402
from bench.ten_years.made_up import fill, set_clock  # noqa: E402
from bench.ten_years.nights import Nights  # noqa: E402
from evently.accounts.models import User  # noqa: E402
from evently.lifecycle.asking import ask  # noqa: E402

START = datetime(2015, 1, 10, 12, tzinfo=UTC)
COUNTED = (
    *("bookings", "bookings_archive", "tickets", "payments", "waitlists", "waitlist_promotions"),
    *("waitlists_archive", "booking_attempts", "pricing_history", "notifications"),
    *("email_delivery_log", "message_keys", "audit_log", "cold_files", "archived_totals"),
)


def main() -> int:
    arguments = _arguments()
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute("SET statement_timeout = 0")
        began = time.monotonic()
        with owner.transaction():
            made = fill(owner, bookings=arguments.bookings, start=START, users=_users(arguments))
        owner.execute("VACUUM ANALYZE")
        print(f"{arguments.bookings:,} bookings made in {time.monotonic() - began:.0f} s")
        balance = Balance.taken()
        before = _counts()
        nights = Nights(
            balance=balance,
            set_clock=lambda at: set_clock(owner, at),
            step=timedelta(days=arguments.step),
            kills=arguments.kills,
            chance=random.Random(arguments.seed),
        )
        number = 0
        for at in nights.pass_through(made.start, made.end + timedelta(days=370)):
            number += 1
            if number % 12 == 0:
                took = time.monotonic() - began
                print(
                    f"{at:%Y-%m} {took:5.0f} s  {nights.killed} kills  {nights.places}", flush=True
                )
        print(f"{number} nights, {nights.killed} kills at random moments, 0 rows lost or twice")
        _print_counts(before, _counts())
        for sentence in drill():
            print(sentence)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    for name in ("bookings", "kills", "step", "seed"):
        parser.add_argument(f"--{name}", type=int)
    return parser.parse_args()


def _users(arguments: argparse.Namespace) -> list[UUID]:
    """Make people with keys, one for each 500 bookings."""
    return [
        User.objects.create_user(
            email=f"person{number}@example.org", name=f"Person {number}", password_hash="!"
        ).pk
        for number in range(max(60, arguments.bookings // 500))
    ]


def _counts() -> dict[str, Any]:
    return {table: ask(f"SELECT count(*) FROM {table}")[0] for table in COUNTED}


def _print_counts(before: dict[str, Any], after: dict[str, Any]) -> None:
    print(f"{'table':<22}{'before':>12}{'after':>12}")
    for table in COUNTED:
        print(f"{table:<22}{before[table]:>12,}{after[table]:>12,}")


if __name__ == "__main__":
    sys.exit(main())
