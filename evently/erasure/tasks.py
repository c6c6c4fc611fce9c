"""Tasks that bring erasures to their register."""

from celery import shared_task

from evently.erasure import operations


@shared_task
def write_register() -> None:
    """Write erasures to the register that it does not have yet."""
    operations.write_entries()


@shared_task
def check_register() -> None:
    """Compare the end of the register with the database."""
    operations.check_register()
