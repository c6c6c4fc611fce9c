"""What Evently says outside of its logs: text in development, JSON in production."""

import json
import sys
from contextlib import suppress
from datetime import UTC, datetime

from evently.environment import DEBUG


def say(text: str, *, level: str = "info") -> None:
    """Write to standard error, which may have been closed.

    In production every line of the output is JSON, also before logging is set up.
    """
    if not DEBUG:
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        event = {"logger": "evently", "level": level, "timestamp": now}
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        text = "\n".join(json.dumps({"event": line} | event) for line in lines)
    with suppress(OSError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
