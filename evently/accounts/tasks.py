"""Celery tasks of accounts."""

from uuid import UUID

from celery import shared_task

from evently.accounts.operations import answering, email_allowance


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
