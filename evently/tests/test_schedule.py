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
