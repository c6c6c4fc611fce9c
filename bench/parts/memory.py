"""Whether memory grows: of web and worker after many requests, beside after a thousand."""

import sys

from bench.measures import MEASURES, Stage
from bench.stage.cpu import WEB, WORKER
from bench.stage.http_load import CLIENTS
from bench.stage.settling import settle

FIRST = 1000
# Of a hundred requests.
MIX = {
    "event page": 40,
    "home": 15,
    "search": 10,
    "API: list of events": 10,
    "checkout": 10,
    "my bookings": 5,
    "refusal, sold out": 5,
    "booking, 50 events": 5,
}


def send(stage: Stage, requests: int) -> None:
    """Send so many requests in the proportions of the mix, and wait for what they cause."""
    for name, percent in MIX.items():
        MEASURES[name].prepare(stage, max(requests * percent // 100, CLIENTS))()
    settle(stage.servers)


def measure(stage: Stage, requests: int) -> dict[str, float]:
    """Send so many requests; return megabytes and ratios by name."""
    share = min(FIRST, max(requests // 2, 1))
    send(stage, share)
    first, sent = stage.servers.cpu.memory(), share
    while sent < requests:
        send(stage, share)
        sent += share
        print(f"{sent:,} requests", file=sys.stderr)
    last = stage.servers.cpu.memory()
    found = {}
    for part in (WEB, WORKER):
        found[f"{part}: memory after {share:,} requests, MB"] = first[part] / 2**20
        found[f"{part}: memory after {sent:,} requests, MB"] = last[part] / 2**20
        found[growth_of(part)] = last[part] / first[part]
    return found


def growth_of(part: str) -> str:
    return f"{part}: memory after all requests ÷ after the first"
