"""A bar that shows how far a long command is, on a terminal; elsewhere a line for each step."""

import sys
import time

WIDTH = 30


class Progress:
    """Counts rows. total: how many there will be."""

    def __init__(self, total: int) -> None:
        self._total = max(total, 1)
        self._done = 0
        self._step = ""
        self._started = time.monotonic()
        self._is_terminal = sys.stderr.isatty()

    def begin(self, step: str) -> None:
        """Name what is done now."""
        self._step = step
        if self._is_terminal:
            self._draw()
        else:
            print(f"{self._share:4.0%}  {step}", file=sys.stderr, flush=True)

    def add(self, rows: int) -> None:
        self._done += rows
        if self._is_terminal:
            self._draw()

    def end(self) -> None:
        """Leave the bar as it is, full, with the time it took."""
        self._done = self._total
        self.begin(f"{time.monotonic() - self._started:.0f} s")
        if self._is_terminal:
            print(file=sys.stderr)

    @property
    def _share(self) -> float:
        return min(self._done / self._total, 1.0)

    def _draw(self) -> None:
        bar = ("█" * round(self._share * WIDTH)).ljust(WIDTH, "░")
        print(f"\r{bar} {self._share:4.0%}  {self._step[:40]:40}", end="", file=sys.stderr)
        sys.stderr.flush()
