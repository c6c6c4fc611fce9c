"""An on-sale: 1,500 attempts by 32 clients over HTTP on an event of 500 seats.

    python -m bench.storm            one seat each
    python -m bench.storm --mixed    a third of the attempts books 2 to 4 seats
    python -m bench.storm --both     one storm of each kind

Prints figures as JSON, and exits with 1 if seats were oversold, an attempt was not logged, or a
response was neither a confirmation nor `sold_out`.
"""

import argparse
import json
import random
import statistics
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from bench.stage.http_load import Response, Script, request, send_all
from bench.stage.servers import Servers, everything_running

ATTEMPTS, CLIENTS, SEATS = 1500, 32, 500


def attempt(sent: bytes, responses: list[Response]) -> Script:
    responses.append((yield sent))


def storm(servers: Servers, *, mixed: bool) -> dict[str, Any]:
    """Run one storm on a new event; return what the responses and the tables show."""
    from bench.people import create_users, event_on_sale, tokens
    from bookings.models import Booking, BookingAttempt

    rng = random.Random(7)
    keys = tokens(create_users(CLIENTS, prefix=f"storm-{mixed}-"))
    event = event_on_sale(seats=SEATS)
    responses: list[Response] = []

    def operation(number: int) -> Callable[[], Script]:
        quantity = rng.randint(2, 4) if mixed and number % 3 == 0 else 1
        sent = request(
            "POST",
            "/api/v1/bookings/",
            host=servers.host,
            body=json.dumps({"event": str(event.pk), "quantity": quantity}).encode(),
            headers={
                "Content-Type": "application/json",
                "Authorization": f"Bearer {keys[number % CLIENTS]}",
            },
        )
        return partial(attempt, sent, responses)

    outcome = send_all(servers.port, map(operation, range(ATTEMPTS)), clients=CLIENTS)
    event.refresh_from_db()
    held = Booking.objects.filter(event_id=event.pk).holding_seats()
    attempts = BookingAttempt.objects.filter(event_id=event.pk)
    latencies = sorted(outcome.latencies)
    return {
        "mixed": mixed,
        "responses": dict(
            Counter(response.json().get("code", str(response.status)) for response in responses)
        ),
        "seats_booked": sum(held.values_list("quantity", flat=True)),
        "bookings": held.count(),
        "confirmed_responses": sum(response.status == 201 for response in responses),
        "available_seats": event.available_seats,
        "attempts_logged": dict(Counter(attempts.values_list("result", flat=True))),
        "attempts_per_second": round(ATTEMPTS / outcome.seconds, 1),
        "median_ms": round(statistics.median(latencies) * 1000, 1),
        "p99_ms": round(latencies[int(len(latencies) * 0.99)] * 1000, 1),
    }


def is_correct(figures: dict[str, Any]) -> bool:
    """Return whether each seat was sold once, and every attempt was logged and answered."""
    logged = figures["attempts_logged"]
    return (
        figures["seats_booked"] == SEATS
        and figures["available_seats"] == 0
        and figures["bookings"] == figures["confirmed_responses"] == logged["success"]
        and logged["success"] + logged["failed"] == ATTEMPTS
        and set(figures["responses"]) <= {"201", "sold_out"}
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--mixed", action="store_true", help="a third of the attempts books 2 to 4 seats"
    )
    parser.add_argument("--both", action="store_true", help="one storm of each kind")
    arguments = parser.parse_args()
    kinds = [False, True] if arguments.both else [arguments.mixed]
    with everything_running() as servers:
        figures = [storm(servers, mixed=mixed) for mixed in kinds]
    print(json.dumps(figures, indent=2))
    return 0 if all(is_correct(one) for one in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
