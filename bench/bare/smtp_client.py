"""Send an email from standard input many times over one connection; print what it cost as JSON."""

import json
import smtplib
import sys
import time

SENDER, RECIPIENT = "tickets@example.org", "attendee@example.org"


def main(port: int, count: int) -> None:
    email = sys.stdin.buffer.read()
    with smtplib.SMTP("127.0.0.1", port) as server:
        started, cpu = time.perf_counter(), time.process_time()
        for _ in range(count):
            server.sendmail(SENDER, [RECIPIENT], email)
        found = {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}
    print(json.dumps(found))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
