"""One torture run in the temporary database: forks the processes and the observer."""

import json
import multiprocessing
import os
import sys
import time
from collections import Counter, defaultdict
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evently.settings")

import django

django.setup()

from django.db import connection, connections  # noqa: E402

from bench.torturing import acts, observing  # noqa: E402


def run(seconds: float, processes: int) -> dict[str, Any]:
    """Run for `seconds` and return the figures."""
    acts.set_up()
    connections.close_all()
    fork = multiprocessing.get_context("fork")
    queue = fork.Queue()
    ends = time.time() + seconds
    workers = [
        fork.Process(target=acts.act_until, args=(ends, number, queue))
        for number in range(processes)
    ]
    observer = fork.Process(target=observing.look_until, args=(ends, queue))
    for process in [*workers, observer]:
        process.start()
    reports = [queue.get(timeout=seconds + 60) for _ in range(processes + 1)]
    for process in [*workers, observer]:
        process.join()
    return total_of(reports, seconds, processes)


def total_of(reports: list[dict[str, Any]], seconds: float, processes: int) -> dict[str, Any]:
    """Return the totals of the reports of all processes."""
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    crashes: list[str] = []
    seen: dict[str, Any] = {}
    given_up = 0
    for report in reports:
        if "looks" in report:
            seen = report
            continue
        for operation, counts in report["outcomes"].items():
            outcomes[operation].update(counts)
        crashes += report["crashes"]
        given_up += report["deadlocks_given_up"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        ((deadlocks,),) = cursor.fetchall()
    return {
        "seconds": seconds,
        "processes": processes,
        "done": sum(sum(counts.values()) for counts in outcomes.values()),
        "outcomes": outcomes,
        "crashes": crashes,
        "deadlocks": deadlocks,
        "deadlocks_given_up": given_up,
        "looks": seen["looks"],
        "records": seen["records"],
        "wrong": seen["wrong"],
    }


if __name__ == "__main__":
    print(json.dumps(run(float(sys.argv[1]), int(sys.argv[2])), default=str))
