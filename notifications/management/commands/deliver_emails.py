"""Deliver emails until stopped: the process of the role `mailer`."""

import os
import signal
import socket
import sys
from typing import Any

import structlog
from django.core.management.base import BaseCommand, CommandParser

from evently import heartbeats
from evently.environment import env
from notifications.operations.lanes import Lanes

LANES = 4
NICENESS = 5
LOOK_SECONDS = 1.0
# Longer than the mail server is waited for (emails/smtp.py), which ends the email under way.
STOP_SECONDS = 40.0

log = structlog.get_logger(__name__)


class Command(BaseCommand):
    """Take due notifications from the database and send their emails."""

    help = "Deliver emails until stopped. Any number may run, on any machines."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--lanes",
            type=int,
            default=env.int("EMAIL_LANES", default=LANES),
            help="how many emails are sent at the same time, besides one that is urgent",
        )
        parser.add_argument(
            "--niceness",
            type=int,
            default=env.int("EMAIL_NICENESS", default=NICENESS),
            help="of these, 0 to 19: how far they give way to other processes",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the lanes; end after a signal, or where a lane has died."""
        lanes = Lanes(number=max(options["lanes"], 1), niceness=options["niceness"])
        for wanted in (signal.SIGTERM, signal.SIGINT):
            signal.signal(wanted, lambda *_: lanes.stop())
        name = f"{heartbeats.MAILER}:{os.getpid()}@{socket.gethostname()}"
        lanes.start()
        log.info("delivering", lanes=len(lanes.lanes))
        while not lanes.stopping.wait(LOOK_SECONDS):
            if not all(lane.is_alive() for lane in lanes.lanes):
                log.error("lane_ended")
                sys.exit(1)
            if lanes.are_working:
                heartbeats.beat(name)
            lanes.report()
        lanes.join(seconds=STOP_SECONDS)
        lanes.report()
        heartbeats.forget(name)
