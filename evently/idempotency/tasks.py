"""The periodic task that deletes expired keys."""

from celery import shared_task
from django.conf import settings
from django.db.models.functions import Now

from evently.idempotency.models import IdempotencyKey


@shared_task
def forget_old_keys() -> None:
    IdempotencyKey.objects.filter(created_at__lt=Now() - settings.IDEMPOTENCY_LIFETIME).delete()
