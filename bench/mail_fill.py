"""Write messages for `bench.mail_cost`: `python -m bench.mail_fill bookings|offers|news NUMBER`.

Prints the id of the last notification, and the time (monotonic, in seconds).
"""

import os
import sys
import time
import uuid

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evently.settings")
EVENTS = 20


def bookings(number: int) -> None:
    """Book one seat each, of several events, as different people."""
    from bench.people import create_users, event_on_sale
    from bookings.operations import book_seats
    from evently.origin import Origin

    events = [event_on_sale(seats=number, price="20.00") for _ in range(EVENTS)]
    for count, user in enumerate(create_users(number, prefix=uuid.uuid4().hex[:8])):
        book_seats(
            event_id=events[count % EVENTS].pk,
            user_id=user.pk,
            quantity=1,
            unit_price=events[0].current_price,
            origin=Origin(),
        )


def offers(number: int) -> None:
    """Offer a seat to each of a waitlist; only the offers are to be emailed."""
    from bench.people import create_users, event_on_sale
    from bookings.operations import book_seats
    from evently.origin import Origin
    from events.operations import edit_event
    from notifications.models import Notification
    from waitlists.operations import join_waitlist

    event = event_on_sale(seats=1)
    owner, *users = create_users(number + 1, prefix=uuid.uuid4().hex[:8])
    book_seats(event_id=event.pk, user_id=owner.pk, quantity=1, origin=Origin())
    for user in users:
        join_waitlist(event_id=event.pk, user_id=user.pk, quantity=1)
    new = Notification.objects.filter(event_id=event.pk, status="pending")
    new.update(status="sent")
    edit_event(event_id=event.pk, version=None, notify=False, total_capacity=1 + number)


def news(number: int) -> None:
    """Notify as many people of an event."""
    from bench.people import create_users, event_on_sale
    from notifications.kinds.events import EVENT_CHANGED
    from notifications.operations.creating import notify

    event = event_on_sale(seats=1)
    users = create_users(200, prefix=uuid.uuid4().hex[:8])
    messages = [
        EVENT_CHANGED.message(
            user_id=users[count % len(users)].pk,
            key=f"news:{uuid.uuid4()}",
            text="The start is now 8 pm.",
            event_id=event.pk,
        )
        for count in range(number)
    ]
    notify(messages=messages)


def main(what: str, number: int) -> None:
    """Write, and print what the last notification is."""
    django.setup()
    from notifications.models import Notification

    {"bookings": bookings, "offers": offers, "news": news}[what](number)
    print(Notification.objects.order_by("-pk").values_list("pk", flat=True)[0], time.monotonic())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
