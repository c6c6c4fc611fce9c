"""Tasks for the views of analysts."""

from celery import shared_task

from boxoffice.analysts import rotation


@shared_task
def rotate_pseudonyms() -> None:
    """Replace the key of pseudonyms once a month has begun."""
    rotation.rotate_pseudonyms()
