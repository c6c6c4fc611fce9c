"""Measure bookings per second with 16 clients, compared with a bare view.

    python -m bench.booking [--rounds 5] [--calls 400]

The bare view makes one database call. Both are measured in alternating rounds of one run, with the
same servers and clients, so other load on the machine affects both. Quote the ratio; single figures
depend on the machine.
"""

import argparse
import statistics
import sys
from typing import Any

from bench.running import Call, Response, evently_running, send_all, timed

CLIENTS = 16


def booking_calls(event_id: str, keys: list[str], count: int) -> list[Call]:
    """Return requests to book one priced seat each."""
    body = {"event": event_id, "quantity": 1, "unit_price": "20.00"}
    return [
        Call("POST", "/api/v1/bookings/", body, token=keys[number % len(keys)])
        for number in range(count)
    ]


def bare_calls(event_id: str, count: int) -> list[Call]:
    return [Call("POST", f"/bench/bare/{event_id}/", {"quantity": 1}) for _ in range(count)]


def measure(port: int, calls: list[Call]) -> tuple[float, list[Response]]:
    """Return responses per second. Exits where a call failed."""
    rate, responses = timed(lambda: send_all(port, calls, clients=CLIENTS))
    failed = [response for response in responses if response.status != 201]
    if failed:
        raise SystemExit(f"{len(failed)} calls failed, the first with {failed[0]}")
    return rate, responses


def statements_of_a_booking(event_id: Any) -> list[str]:
    """Return the SQL statements of one booking through the API, in this process."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from bench.people import create_users, tokens

    (key,) = tokens(create_users(1, prefix="counted-"))
    client = Client(headers={"authorization": f"Bearer {key}"})
    body = {"event": str(event_id), "quantity": 1, "unit_price": "20.00"}

    def book() -> None:
        client.post("/api/v1/bookings/", body, content_type="application/json")

    book()  # the first use of a token on a day takes one more statement
    with CaptureQueriesContext(connection) as captured:
        book()
    return [query["sql"][:100] for query in captured.captured_queries]


def main() -> None:
    """Measure in alternating rounds, and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=400)
    arguments = parser.parse_args()
    with evently_running() as port:
        from bench.people import create_users, event_on_sale, tokens

        keys = tokens(create_users(CLIENTS, prefix="bench-"))
        hot = event_on_sale(seats=1_000_000, price="20.00")
        spread = [event_on_sale(seats=1_000_000, price="20.00") for _ in range(CLIENTS)]
        kinds = {
            "bare view, one call": lambda: bare_calls(str(hot.pk), arguments.calls),
            "bookings of one event": lambda: booking_calls(str(hot.pk), keys, arguments.calls),
            "bookings of 16 events": lambda: [
                call
                for number, event in enumerate(spread)
                for call in booking_calls(
                    str(event.pk), keys[number : number + 1], arguments.calls // CLIENTS
                )
            ],
        }
        rates: dict[str, list[float]] = {kind: [] for kind in kinds}
        seconds: dict[str, list[float]] = {kind: [] for kind in kinds}
        for round_number in range(arguments.rounds + 1):
            for kind, calls in kinds.items():
                rate, responses = measure(port, calls())
                if round_number:  # the first round warms up
                    rates[kind].append(rate)
                    seconds[kind] += [response.seconds for response in responses]
        statements = statements_of_a_booking(hot.pk)
    report(rates, seconds, statements)


def report(
    rates: dict[str, list[float]], seconds: dict[str, list[float]], statements: list[str]
) -> None:
    """Print rates, latencies and ratios by kind, and the statements of a booking."""
    base = rates["bare view, one call"]
    for kind, values in rates.items():
        ratio = statistics.median(value / bare for value, bare in zip(values, base, strict=True))
        latency = sorted(seconds[kind])
        print(
            f"{kind:24} {statistics.median(values):7.1f}/s   "
            f"median {statistics.median(latency) * 1000:6.1f} ms   "
            f"p99 {latency[int(len(latency) * 0.99)] * 1000:6.1f} ms   "
            f"ratio to the bare view {ratio:.2f}"
        )
    print(f"\nA booking through the API takes {len(statements)} statements:")
    for statement in statements:
        print(f"  {statement}")


if __name__ == "__main__":
    sys.exit(main())
