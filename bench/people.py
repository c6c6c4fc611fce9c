"""Users and events for the benchmarks; Django must be set up."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from evently.accounts.models import Role, User
from evently.accounts.operations import issue_token
from events.models import Event
from events.operations import create_event, publish_event


def create_users(count: int, *, prefix: str) -> list[User]:
    """Create users with confirmed addresses; emails to others are limited in number."""
    return [
        User.objects.create_user(
            email=f"{prefix}{number}@example.org",
            name=f"Person {number}",
            email_verified_at=datetime.now(UTC),
        )
        for number in range(count)
    ]


def tokens(users: list[User]) -> list[str]:
    """Return an API token for each user."""
    return [
        issue_token(user_id=user.pk, name="bench", scopes=["read", "book"]).secret for user in users
    ]


def event_on_sale(*, seats: int, price: str = "0.00") -> Event:
    """Create a published event; price: per seat."""
    organizer = User.objects.filter(role=Role.ADMIN).first() or User.objects.create_user(
        email="organizer@example.org", name="Organizer", role=Role.ADMIN
    )
    event = create_event(
        by_id=organizer.pk,
        name="Benchmark",
        venue="Concert hall",
        event_date=datetime.now(UTC) + timedelta(days=30),
        total_capacity=seats,
        base_price=Decimal(price),
    )
    return publish_event(event_id=event.pk)
