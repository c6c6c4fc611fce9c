"""Celery tasks of accounts."""

from uuid import UUID

from celery import shared_task

from evently.accounts.operations import answering, email_allowance, making_exports


@shared_task
def answer_email_request(request_id: str) -> None:
    """Look up whom a requested email goes to, and have it sent."""
    answering.answer(request_id=UUID(request_id))


@shared_task
def answer_email_requests() -> None:
    """Answer requests whose task was lost."""
    answering.answer_all()


@shared_task
def forget_unconfirmed_emails() -> None:
    """Delete what no longer counts towards the limit of emails to unconfirmed addresses."""
    email_allowance.forget_old()


# Longer than other tasks, for all of cold storage (`of_person.READ_SECONDS`), and below the
# broker's visibility time-out.
SOFT_SECONDS, HARD_SECONDS = 540, 570


@shared_task(soft_time_limit=SOFT_SECONDS, time_limit=HARD_SECONDS)
def make_data_export(export_id: str) -> None:
    """Make the file of all data about a user, and have the user told."""
    making_exports.make_export(export_id=UUID(export_id))


@shared_task(soft_time_limit=SOFT_SECONDS, time_limit=HARD_SECONDS)
def make_data_exports() -> None:
    """Make files whose task was lost or has failed."""
    making_exports.make_due_exports()


@shared_task
def delete_data_exports() -> None:
    """Delete files that are a week old."""
    making_exports.delete_old_exports()
