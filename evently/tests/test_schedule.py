"""The schedule of periodic tasks."""

import pytest
from django.conf import settings

from evently.celery import app

SCHEDULE = settings.CELERY_BEAT_SCHEDULE


@pytest.mark.parametrize("name", SCHEDULE)
def test_periodic_task_expires_when_its_next_run_is_due(name):
    period, expires = SCHEDULE[name]["schedule"], SCHEDULE[name]["options"]["expires"]

    assert period <= expires <= max(period, 15)


@pytest.mark.parametrize("name", SCHEDULE)
def test_periodic_task_is_known_to_workers(name):
    app.loader.import_default_modules()

    assert SCHEDULE[name]["task"] in app.tasks


def test_tasks_that_cannot_wait_have_a_queue_of_their_own():
    app.loader.import_default_modules()
    by_task = {entry["task"]: entry for entry in SCHEDULE.values()}

    assert set(settings.URGENT_TASKS) <= set(app.tasks)
    assert set(settings.URGENT_TASKS) >= {
        task for task, entry in by_task.items() if entry["schedule"] < 10
    }
    for task in settings.URGENT_TASKS:
        assert app.amqp.router.route({}, task)["queue"].name == settings.URGENT_QUEUE
    assert app.amqp.router.route({}, "waitlists.tasks.check_ledger")["queue"].name == "celery"
