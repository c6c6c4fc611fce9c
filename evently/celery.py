"""The Celery application: workers send emails, expire offers and run periodic tasks."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evently.settings")

app = Celery("evently")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Imported for its effect: workers and periodic tasks show that they are alive.
from evently import heartbeats  # noqa: E402, F401
