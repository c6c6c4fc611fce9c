"""What beat hands over, while workers run and while they do not."""

import pytest
from django.conf import settings

from evently.celery import app

SCHEDULE = settings.CELERY_BEAT_SCHEDULE


@pytest.mark.parametrize("name", SCHEDULE)
def test_each_sweep_expires_about_when_the_next_one_comes(name):
    period, expires = SCHEDULE[name]["schedule"], SCHEDULE[name]["options"]["expires"]

    assert period <= expires <= max(period, 15)


@pytest.mark.parametrize("name", SCHEDULE)
def test_each_sweep_is_a_task_that_workers_know(name):
    app.loader.import_default_modules()

    assert SCHEDULE[name]["task"] in app.tasks
