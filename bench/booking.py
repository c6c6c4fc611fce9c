"""Bookings a second with 16 clients, beside a bare view that makes one database call.

    python -m bench.booking [--rounds 5] [--calls 400]

The two take turns in one run, on the same servers and with the same clients, so what the machine
does besides hits both. The ratio is what to quote; single figures are the machine's.
"""

import argparse
import statistics
import sys
from typing import Any

from bench.running import Answer, Call, evently_running, send_all, timed

CLIENTS = 16


def bookings(event_id: str, keys: list[str], count: int) -> list[Call]:
    """Return bookings of one priced seat each."""
    body = {"event": event_id, "quantity": 1, "unit_price": "20.00"}
    return [
        Call("POST", "/api/v1/bookings/", body, token=keys[number % len(keys)])
        for number in range(count)
    ]


def bare(event_id: str, count: int) -> list[Call]:
    """Return calls of the bare view."""
    return [Call("POST", f"/bench/bare/{event_id}/", {"quantity": 1}) for _ in range(count)]


def measure(port: int, calls: list[Call]) -> tuple[float, list[Answer]]:
    """Return answers a second, after checking that all were successes."""
    rate, answers = timed(lambda: send_all(port, calls, clients=CLIENTS))
    failed = [answer for answer in answers if answer.status != 201]
    if failed:
        raise SystemExit(f"{len(failed)} calls failed, the first with {failed[0]}")
    return rate, answers


def statements_of_a_booking(event_id: Any) -> list[str]:
    """Return the statements of one booking through the API, in process."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from bench.people import people, tokens

    (key,) = tokens(people(1, prefix="counted-"))
    client = Client(headers={"authorization": f"Bearer {key}"})
    body = {"event": str(event_id), "quantity": 1, "unit_price": "20.00"}

    def book() -> None:
        client.post("/api/v1/bookings/", body, content_type="application/json")

    book()  # the first use of a token on a day is noted
    with CaptureQueriesContext(connection) as captured:
        book()
    return [query["sql"][:100] for query in captured.captured_queries]


def main() -> None:
    """Measure in turns and print medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=400)
    arguments = parser.parse_args()
    with evently_running() as port:
        from bench.people import event_on_sale, people, tokens

        keys = tokens(people(CLIENTS, prefix="bench-"))
        hot = event_on_sale(seats=1_000_000, price="20.00")
        spread = [event_on_sale(seats=1_000_000, price="20.00") for _ in range(CLIENTS)]
        kinds = {
            "bare view, one call": lambda: bare(str(hot.pk), arguments.calls),
            "bookings of one event": lambda: bookings(str(hot.pk), keys, arguments.calls),
            "bookings of 16 events": lambda: [
                call
                for number, event in enumerate(spread)
                for call in bookings(
                    str(event.pk), keys[number : number + 1], arguments.calls // CLIENTS
                )
            ],
        }
        rates: dict[str, list[float]] = {kind: [] for kind in kinds}
        seconds: dict[str, list[float]] = {kind: [] for kind in kinds}
        for round_number in range(arguments.rounds + 1):
            for kind, calls in kinds.items():
                rate, answers = measure(port, calls())
                if round_number:  # the first round warms up
                    rates[kind].append(rate)
                    seconds[kind] += [answer.seconds for answer in answers]
        statements = statements_of_a_booking(hot.pk)
    report(rates, seconds, statements)


def report(
    rates: dict[str, list[float]], seconds: dict[str, list[float]], statements: list[str]
) -> None:
    """Print rates, latencies, the ratios round by round, and what a booking costs."""
    base = rates["bare view, one call"]
    for kind, values in rates.items():
        ratio = statistics.median(value / bare for value, bare in zip(values, base, strict=True))
        latency = sorted(seconds[kind])
        print(
            f"{kind:24} {statistics.median(values):7.1f} a second   "
            f"median {statistics.median(latency) * 1000:6.1f} ms   "
            f"p99 {latency[int(len(latency) * 0.99)] * 1000:6.1f} ms   "
            f"ratio to the bare view {ratio:.2f}"
        )
    print(f"\nA booking through the API costs {len(statements)} statements:")
    for statement in statements:
        print(f"  {statement}")


if __name__ == "__main__":
    sys.exit(main())
