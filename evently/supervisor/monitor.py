"""Serve the metrics of worker and scheduler where there is no web server to do it.

python -m evently.supervisor.monitor PORT
"""

import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from evently import metrics_files
from evently.supervisor import options


class _Counted(Collector):
    def collect(self) -> Iterable[Metric]:
        return metrics_files.collect([Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])])


def _host() -> str:
    address = options.bind_address()
    return "127.0.0.1" if address.startswith("unix:") else address.rsplit(":", 1)[0].strip("[]")


def main(arguments: list[str]) -> int:
    """Serve until stopped."""
    registry = CollectorRegistry()
    registry.register(_Counted())
    start_http_server(int(arguments[0]), addr=_host(), registry=registry)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    while True:
        signal.pause()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
