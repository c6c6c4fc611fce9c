"""Celery: broker, queues, and the schedule of periodic tasks."""

from typing import Any

from kombu import Queue

from evently.environment import env
from evently.settings.database import REDIS_URL

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Without the two restore options, the tasks of a killed worker are requeued only when it is
# restarted. The visibility time-out exceeds CELERY_TASK_TIME_LIMIT.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 0.5,
    "socket_timeout": 30,
    # Without these, publishing a task to a broker that is down takes 6 s, within the request.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
}
# Overrides for publishing: a request must not wait for a broker that hangs.
PUBLISHER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 0.3,
    "socket_timeout": 0.5,
    "max_retries": 0,
}
CELERY_TIMEZONE = "UTC"
# When the retention rules are carried out, UTC.
LIFECYCLE_HOUR = env.int("LIFECYCLE_HOUR", default=2)
# Several may run, on several machines; one of them sends.
CELERY_BEAT_SCHEDULER = "evently.scheduler:LeasedScheduler"
# What cannot wait has a queue and a worker of its own (evently.supervisor.services): no long task
# holds it up. `mail` is that of releases which had a task for each email; it is only emptied.
URGENT_QUEUE = "urgent"
CELERY_TASK_QUEUES = (Queue("celery"), Queue(URGENT_QUEUE), Queue("mail"))
CELERY_TASK_DEFAULT_QUEUE = "celery"
URGENT_TASKS = (
    "waitlists.tasks.expire_promotions",
    "waitlists.tasks.advance_draws",
    "waitlists.tasks.confirm_places",
    "waitlists.tasks.repair_waitlists",
    "bookings.tasks.expire_pending_bookings",
    "evently.accounts.tasks.answer_email_request",
    "evently.accounts.tasks.answer_email_requests",
)
CELERY_TASK_ROUTES = {name: {"queue": URGENT_QUEUE} for name in URGENT_TASKS}


def _every(seconds: float, task: str) -> dict[str, Any]:
    """Return a periodic task for the schedule.

    Each run expires when the next one is due, so that runs do not pile up while no worker is
    running; but not within 15 s, so that a worker that is busy for longer than the shortest periods
    still finds one to run.
    """
    return {"task": task, "schedule": seconds, "options": {"expires": max(seconds, 15.0)}}


CELERY_BEAT_SCHEDULE = {
    "expire-promotions": _every(5, "waitlists.tasks.expire_promotions"),
    "advance-draws": _every(10, "waitlists.tasks.advance_draws"),
    "remind-of-draws": _every(60, "boxoffice.lifecycle.tasks.remind_of_draws"),
    "repair-waitlists": _every(60, "waitlists.tasks.repair_waitlists"),
    "apply-price-rules": _every(60, "boxoffice.pricing.tasks.apply_price_rules"),
    "roll-up-minutes": _every(60, "boxoffice.figures.tasks.roll_up_minutes"),
    "roll-up-hours": _every(300, "boxoffice.figures.tasks.roll_up_hours"),
    "roll-up-lost-demand": _every(60, "boxoffice.figures.tasks.roll_up_lost_demand"),
    "check-analytics": _every(24 * 3600, "boxoffice.figures.tasks.check_analytics"),
    "check-ledger": _every(1800, "waitlists.tasks.check_ledger"),
    "expire-pending-bookings": _every(60, "bookings.tasks.expire_pending_bookings"),
    "ask-attendees": _every(60, "bookings.tasks.ask_attendees"),
    "ask-attendees-again": _every(60, "boxoffice.lifecycle.tasks.ask_attendees_again"),
    "return-unanswered-seats": _every(60, "boxoffice.lifecycle.tasks.return_unanswered_seats"),
    "continue-event-cancellations": _every(
        30, "boxoffice.lifecycle.tasks.continue_event_cancellations"
    ),
    "continue-imports": _every(30, "events.tasks.continue_imports"),
    "continue-undoing-imports": _every(30, "boxoffice.lifecycle.tasks.continue_undoing_imports"),
    "complete-past-events": _every(300, "boxoffice.lifecycle.tasks.complete_past_events"),
    "erase-due-accounts": _every(300, "boxoffice.lifecycle.tasks.erase_due_accounts"),
    "write-register": _every(60, "evently.erasure.tasks.write_register"),
    "check-register": _every(3600, "evently.erasure.tasks.check_register"),
    "erase-old-duplicates": _every(24 * 3600, "boxoffice.lifecycle.tasks.erase_old_duplicates"),
    # It looks whether it is the night's hour.
    "lifecycle": _every(3600, "evently.lifecycle.tasks.begin_night"),
    "rotate-pseudonyms": _every(3600, "boxoffice.analysts.tasks.rotate_pseudonyms"),
    "deliver-missed": _every(10, "notifications.tasks.deliver_missed"),
    "continue-announcements": _every(30, "notifications.tasks.continue_announcements"),
    "remind-attendees": _every(60, "notifications.tasks.remind_attendees"),
    "thank-attendees": _every(300, "notifications.tasks.thank_attendees"),
    "remind-of-payments": _every(60, "notifications.tasks.remind_of_payments"),
    "remind-of-offers": _every(30, "notifications.tasks.remind_of_offers"),
    "send-messages": _every(30, "notifications.tasks.send_messages"),
    "continue-resend-runs": _every(30, "notifications.tasks.continue_resend_runs"),
    "apply-returns": _every(60, "notifications.tasks.apply_returns"),
    "read-bounces": _every(60, "notifications.tasks.read_bounces"),
    "make-partitions": _every(6 * 3600, "notifications.tasks.make_partitions"),
    "answer-email-requests": _every(10, "evently.accounts.tasks.answer_email_requests"),
    "make-data-exports": _every(60, "evently.accounts.tasks.make_data_exports"),
    "delete-data-exports": _every(3600, "evently.accounts.tasks.delete_data_exports"),
    "forget-unconfirmed-emails": _every(3600, "evently.accounts.tasks.forget_unconfirmed_emails"),
    "forget-idempotency-keys": _every(3600, "evently.idempotency.tasks.forget_old_keys"),
}
