"""What columns and tables are called in the admin, where a model gives no words of its own.

Django makes a label of a column's name: "created at", "is active". `use_words` replaces such
labels once, when the application starts, so lists, filters, forms and the history agree. It sets
them on the loaded fields only: migrations do not see them.
"""

from django.apps import apps
from django.db import models

COLUMNS = {
    "at": "time",
    "applied_at": "changed",
    "attempted_at": "time",
    "created_by": "organizer",
    "email_verified_at": "email address verified",
    "error_message": "error",
    "failure_reason": "reason",
    "ip_address": "IP address",
    "is_realtime": "current figure",
    "last_attempt_at": "last attempt",
    "min_quantity": "minimum seats",
    "promoted_at": "offered",
    "promotion_reason": "reason",
    "quantity": "seats",
    "send_attempts": "attempts",
    "subject_template": "subject",
    "html_template": "HTML",
    "text_template": "plain text",
    "template_type": "kind of email",
    "total_amount": "amount",
    "unit_price": "price per seat",
    "user_agent": "browser",
    "is_active": "in use",
}
# Plural names of models that would say what the table is: "8 delivery log".
PLURALS = {"notifications.EmailDelivery": "emails", "audit.AuditLog": "changes"}


def words_of(column: str) -> str:
    """Return what a column is called: "created" for created_at, "active" for is_active."""
    if column in COLUMNS:
        return COLUMNS[column]
    return column.removeprefix("is_").removesuffix("_at").replace("_", " ")


def use_words() -> None:
    """Give all fields of our models a label in words, unless they have one."""
    for model in apps.get_models():
        if model.__module__.startswith("django."):
            continue
        for field in model._meta.get_fields():
            if isinstance(field, models.Field):
                # The label that the model itself gives, if it does.
                given = getattr(field, "_verbose_name", None)
                field.verbose_name = (
                    str(given).removesuffix(" at") if given else words_of(field.name)
                )
        plural = PLURALS.get(model._meta.label)
        if plural:
            model._meta.verbose_name_plural = plural
