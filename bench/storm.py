"""An on-sale: 1,500 attempts by 32 clients over HTTP on an event of 500 seats.

    python -m bench.storm            one seat each
    python -m bench.storm --mixed    a third asks for 2 to 4 seats

Prints what happened as JSON, and ends with 1 where a seat was oversold, an attempt not logged, or
an answer was anything but a confirmation or a plain refusal.
"""

import argparse
import json
import random
import statistics
import sys
from collections import Counter
from typing import Any

from bench.running import Call, evently_running, send_all, timed

ATTEMPTS, CLIENTS, SEATS = 1500, 32, 500


def storm(port: int, *, mixed: bool) -> dict[str, Any]:
    """Run one storm on a fresh event; return what was seen, from outside and in the tables."""
    from bench.people import event_on_sale, people, tokens
    from bookings.models import Booking, BookingAttempt

    draw = random.Random(7)
    keys = tokens(people(CLIENTS, prefix=f"storm-{mixed}-"))
    event = event_on_sale(seats=SEATS)
    calls = [
        Call(
            "POST",
            "/api/v1/bookings/",
            {
                "event": str(event.pk),
                "quantity": draw.randint(2, 4) if mixed and number % 3 == 0 else 1,
            },
            token=keys[number % CLIENTS],
        )
        for number in range(ATTEMPTS)
    ]
    rate, answers = timed(lambda: send_all(port, calls, clients=CLIENTS))
    event.refresh_from_db()
    held = Booking.objects.filter(event_id=event.pk).holding_seats()
    attempts = BookingAttempt.objects.filter(event_id=event.pk)
    latencies = sorted(answer.seconds for answer in answers)
    return {
        "mixed": mixed,
        "answers": dict(Counter(answer.body.get("code", str(answer.status)) for answer in answers)),
        "seats_booked": sum(held.values_list("quantity", flat=True)),
        "bookings": held.count(),
        "confirmed_answers": sum(answer.status == 201 for answer in answers),
        "available_seats": event.available_seats,
        "attempts_logged": dict(Counter(attempts.values_list("result", flat=True))),
        "attempts_a_second": round(rate, 1),
        "median_ms": round(statistics.median(latencies) * 1000, 1),
        "p99_ms": round(latencies[int(len(latencies) * 0.99)] * 1000, 1),
    }


def is_right(seen: dict[str, Any]) -> bool:
    """Tell whether nothing was oversold, lost, left over or answered badly."""
    logged = seen["attempts_logged"]
    return (
        seen["seats_booked"] == SEATS
        and seen["available_seats"] == 0
        and seen["bookings"] == seen["confirmed_answers"] == logged["success"]
        and logged["success"] + logged["failed"] == ATTEMPTS
        and set(seen["answers"]) <= {"201", "sold_out"}
    )


def main() -> int:
    """Run the storms asked for; print them; tell whether all was right."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mixed", action="store_true", help="a third asks for 2 to 4 seats")
    parser.add_argument("--both", action="store_true", help="one storm of each kind")
    arguments = parser.parse_args()
    kinds = [False, True] if arguments.both else [arguments.mixed]
    with evently_running() as port:
        seen = [storm(port, mixed=mixed) for mixed in kinds]
    print(json.dumps(seen, indent=2))
    return 0 if all(is_right(one) for one in seen) else 1


if __name__ == "__main__":
    sys.exit(main())
