"""Kept for migration 0004_shipped_templates, which writes the first six."""

from notifications.emails import variables
from notifications.models import TemplateType

FIRST = (
    TemplateType.WELCOME,
    TemplateType.BOOKING_CONFIRM,
    TemplateType.CANCELLATION,
    TemplateType.WAITLIST_JOIN,
    TemplateType.WAITLIST_PROMOTION,
    TemplateType.NOTIFICATION,
)
VARIABLES = {type_: variables.VARIABLES[type_] for type_ in FIRST}

__all__ = ["VARIABLES"]
