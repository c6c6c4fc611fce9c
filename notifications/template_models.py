"""The texts of emails, in versions."""

from dataclasses import dataclass

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual

from evently.database.functions import Clock
from evently.database.models import Identified

# The most characters that a version of a template may have.
MOST_SUBJECT = 200
MOST_HTML = 50_000
MOST_TEXT = 20_000


@dataclass(frozen=True)
class Template:
    """The texts of an email template, wherever they come from: a row, a file, or a form."""

    subject: str
    html: str
    text: str


class TemplateType(models.TextChoices):
    """The email templates; kinds without one of their own use `notification`."""

    WELCOME = "welcome"
    BOOKING_CONFIRM = "booking_confirm", "Booking confirmed"
    CANCELLATION = "cancellation", "Booking cancelled"
    WAITLIST_JOIN = "waitlist_join", "Joined a waitlist"
    WAITLIST_PROMOTION = "waitlist_promotion", "Seats offered"
    REMINDER = "reminder", "Reminder of an event"
    PAYMENT_REMINDER = "payment_reminder", "Payment due"
    EVENT_OVER = "event_over", "Thanks after an event"
    ORGANIZER_MESSAGE = "organizer_message", "Message from an organizer"
    NOTIFICATION = "notification", "Everything else"


class EmailTemplate(Identified):
    """One version of an email template; its content never changes (`trg_template_frozen`)."""

    template_type = models.TextField(choices=TemplateType)
    subject_template = models.TextField()
    html_template = models.TextField()
    text_template = models.TextField()
    # The names of the placeholders that it may have.
    variables = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    is_active = models.BooleanField(default=True, db_default=True)
    version = models.PositiveIntegerField(default=1, db_default=1)
    # What the version is for, in the words of the person who saved it; the audit log has who.
    note = models.TextField(default="", db_default="", blank=True)
    # The version whose texts it has, if it brought them back.
    restored_from = models.PositiveIntegerField(null=True, blank=True)
    # When an email could first not be rendered with it, and why (`emails.failures`).
    failed_at = models.DateTimeField(null=True, blank=True, editable=False)
    failure = models.TextField(default="", db_default="", blank=True, editable=False)
    created_at = models.DateTimeField(db_default=Clock(), editable=False)
    updated_at = models.DateTimeField(db_default=Clock(), editable=False)

    class Meta:
        db_table = "email_templates"
        constraints = [
            models.CheckConstraint(
                name="chk_template_type", condition=Q(template_type__in=TemplateType.values)
            ),
            models.CheckConstraint(name="chk_template_version", condition=Q(version__gte=1)),
            models.CheckConstraint(
                name="chk_template_filled",
                condition=~Q(subject_template="") & ~Q(html_template="") & ~Q(text_template=""),
            ),
            models.CheckConstraint(
                name="chk_template_subject",
                condition=Q(subject_template__regex=r"^[^[:cntrl:]]{1,200}$"),
            ),
            models.CheckConstraint(
                name="chk_template_size",
                condition=Q(
                    LessThanOrEqual(Length("html_template"), MOST_HTML),
                    LessThanOrEqual(Length("text_template"), MOST_TEXT),
                ),
            ),
            models.CheckConstraint(
                name="chk_template_note", condition=Q(note__regex=r"^[^[:cntrl:]]{0,200}$")
            ),
            models.CheckConstraint(
                name="chk_template_restored",
                condition=Q(restored_from__isnull=True)
                | Q(restored_from__gte=1, restored_from__lt=F("version")),
            ),
            models.CheckConstraint(
                name="chk_template_failed",
                condition=Q(failed_at__isnull=True, failure="")
                | Q(failed_at__isnull=False, failure__regex=r"^[a-z_]{1,60}$"),
            ),
            models.UniqueConstraint(
                fields=["template_type"],
                name="unq_template_active",
                condition=Q(is_active=True),
            ),
            models.UniqueConstraint(
                fields=["template_type", "version"], name="unq_template_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_template_type_display()}, version {self.version}"

    @property
    def template(self) -> Template:
        """Its texts."""
        return Template(self.subject_template, self.html_template, self.text_template)
