"""The scheduler of periodic tasks: any number may run, one at a time sends.

The one that sends holds a lease in the broker, and renews it every second. A scheduler that dies,
hangs, or is cut off lets the lease run out, and another one takes over within seconds. What was
sent when is stored beside the lease, so that it continues where the other one stopped.
"""

import os
import socket
import time
import uuid
from datetime import datetime, timedelta
from typing import Any

import redis
import structlog
from celery.beat import ScheduleEntry, Scheduler

from evently import heartbeats
from evently.redis_client import redis_client

LEASE = "evently:scheduler:lease"
LEASE_SECONDS = 10.0
RENEW_SECONDS = 1.0

# Extends the lease if it is this scheduler's, or takes it if it is free.
_HOLD = """
    local holder = redis.call('GET', KEYS[1])
    if holder and holder ~= ARGV[1] then return 'other' end
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
    return holder and 'extended' or 'taken'
"""
_RELEASE = """
    if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
"""

log = structlog.get_logger(__name__)


class Lease:
    """The right to send, for a few seconds at a time."""

    def __init__(self, *, seconds: float = LEASE_SECONDS) -> None:
        self.seconds = seconds
        self.token = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._ends_at = 0.0

    def hold(self) -> bool:
        """Take or extend the lease; return whether it is newly taken."""
        asked_at = time.monotonic()
        try:
            with redis_client(timeout_seconds=1) as client:
                milliseconds = int(self.seconds * 1000)
                answer = client.eval(_HOLD, 1, LEASE, self.token, milliseconds)
        except redis.RedisError:
            # Not lost before its time is over: the broker may only have hiccuped.
            return False
        self._ends_at = 0.0 if answer == b"other" else asked_at + self.seconds
        return answer == b"taken"

    def is_held(self) -> bool:
        """Return whether the time is not over yet; false after this process was frozen."""
        return time.monotonic() < self._ends_at

    def release(self) -> None:
        """Let another scheduler take over at once."""
        self._ends_at = 0.0
        try:
            with redis_client(timeout_seconds=1) as client:
                client.eval(_RELEASE, 1, LEASE, self.token)
        except redis.RedisError as error:
            log.warning("lease_not_released", error=type(error).__name__)


class LeasedScheduler(Scheduler):
    """Celery's scheduler, without a file: it sends while it has the lease, else stands by."""

    max_interval = 1

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.lease = Lease()
        self.leads = False
        self.name = f"{heartbeats.SCHEDULER}:{self.lease.token}"
        self._held_at = 0.0
        super().__init__(*args, **kwargs)

    def setup_schedule(self) -> None:
        """Take the schedule from the settings."""
        self.merge_inplace(self.app.conf.beat_schedule)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due; return in how many seconds to look again."""
        heartbeats.beat(self.name)
        if not self._lead():
            return RENEW_SECONDS
        heartbeats.beat(heartbeats.LEADER)
        return min(super().tick(*args, **kwargs), RENEW_SECONDS)

    def _lead(self) -> bool:
        """Renew the lease when it is time; return whether this scheduler may send."""
        if self.lease.is_held() and time.monotonic() - self._held_at < RENEW_SECONDS:
            return True
        self._held_at = time.monotonic()
        if self.lease.hold():
            log.warning("scheduler_leads", scheduler=self.lease.token)
            self._continue()
        elif self.leads and not self.lease.is_held():
            log.warning("scheduler_stands_by", scheduler=self.lease.token)
        self.leads = self.lease.is_held()
        return self.leads

    def _continue(self) -> None:
        """Read when each task was last sent; one that never was is due now."""
        try:
            with redis_client(timeout_seconds=1) as client:
                sent = client.hgetall(heartbeats.SENT)
        except redis.RedisError:
            sent = {}
        now = self.app.now()
        for entry in self.schedule.values():
            seconds = float(sent.get(str(entry.name).encode(), 0))
            # A clock that was set back must not stop a task until it has caught up.
            last = datetime.fromtimestamp(min(seconds, now.timestamp()), tz=now.tzinfo)
            entry.last_run_at = max(last, now - timedelta(days=365))
        self._heap = None

    def apply_async(self, entry: ScheduleEntry, *args: Any, **kwargs: Any) -> Any:
        """Send a task, unless the lease ran out meanwhile."""
        if not self.lease.is_held():
            log.warning("task_left_to_another_scheduler", task=entry.task)
            return None
        result = super().apply_async(entry, *args, **kwargs)
        heartbeats.note(heartbeats.SENT, str(entry.name))
        return result

    def close(self) -> None:
        """Stop; another scheduler takes over at once."""
        super().close()
        self.lease.release()
        heartbeats.forget(self.name)
