"""What the organizer of an event has its emails say beside their templates."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual

from evently.database.functions import Clock
from evently.database.models import Organized
from events.models import Event
from notifications.template_models import TemplateType

# The most characters of a text, and of a sender's name.
MOST_OWN_TEXT = 3_000
MOST_SENDER_NAME = 70
ADDRESS = r"^[^@[:space:][:cntrl:]]{1,64}@[^@[:space:][:cntrl:]]{1,189}$"


class Picture(models.TextChoices):
    """What is shown at the top. The first: as in all emails of the event, or nothing."""

    AS_ALL = "", "As in all emails"
    NONE = "none", "No picture"
    DRAWING = "drawing", "The event's drawing"
    # Of `EventLogo`; none is shown where there is none.
    LOGO = "logo", "Your logo"


class EventEmail(Organized):
    """Texts and sender of an event's emails: of one type, or of all that have none of their own.

    above, below: plain texts with placeholders around what the template says. sender_name: before
    the site's own address. reply_to: where replies go, checked again whenever an email is sent
    (`events.contact`). Empty fields of a type are those of all. version: counts the edits.
    """

    # What an organizer sets.
    TEXTS = ("above", "below", "sender_name", "reply_to", "picture")

    event = models.ForeignKey(
        Event,
        on_delete=models.DO_NOTHING,
        related_name="email_texts",
        db_constraint=False,
        db_index=False,
    )
    template_type = models.TextField(choices=TemplateType, null=True, blank=True)
    above = models.TextField(default="", db_default="", blank=True)
    below = models.TextField(default="", db_default="", blank=True)
    sender_name = models.TextField(default="", db_default="", blank=True)
    reply_to = models.TextField(default="", db_default="", blank=True)
    picture = models.TextField(choices=Picture, default="", db_default="", blank=True)
    version = models.PositiveIntegerField(default=1, db_default=1)
    # When its texts could first not be filled since the last edit, and why (`emails.failures`).
    failed_at = models.DateTimeField(null=True, blank=True, editable=False)
    failure = models.TextField(default="", db_default="", blank=True, editable=False)
    created_at = models.DateTimeField(db_default=Clock(), editable=False)

    class Meta:
        db_table = "event_emails"
        verbose_name = "text of an event's emails"
        verbose_name_plural = "texts of an event's emails"
        constraints = [
            models.UniqueConstraint(
                fields=["event", "template_type"], name="unq_event_email", nulls_distinct=False
            ),
            models.CheckConstraint(
                name="chk_event_email_type",
                condition=Q(template_type__isnull=True) | Q(template_type__in=TemplateType.values),
            ),
            models.CheckConstraint(
                name="chk_event_email_texts",
                condition=Q(
                    LessThanOrEqual(Length("above"), MOST_OWN_TEXT),
                    LessThanOrEqual(Length("below"), MOST_OWN_TEXT),
                ),
            ),
            # No line breaks, and nothing that ends the name or begins an address.
            models.CheckConstraint(
                name="chk_event_email_sender",
                condition=Q(sender_name__regex=r'^[^[:cntrl:]@<>"\\]{0,70}$'),
            ),
            models.CheckConstraint(
                name="chk_event_email_reply_to",
                condition=Q(reply_to="") | Q(reply_to__regex=ADDRESS),
            ),
            models.CheckConstraint(
                name="chk_event_email_picture", condition=Q(picture__in=Picture.values)
            ),
            models.CheckConstraint(name="chk_event_email_version", condition=Q(version__gte=1)),
            models.CheckConstraint(
                name="chk_event_email_failed",
                condition=Q(failed_at__isnull=True, failure="")
                | Q(failed_at__isnull=False, failure__regex=r"^[a-z_]{1,60}$"),
            ),
        ]
        indexes = [
            models.Index(
                fields=["event"],
                name="idx_event_emails_failed",
                condition=Q(failed_at__isnull=False),
            )
        ]
