"""What people are told, the mail templates, and the log of every mail.

`notifications` is partitioned by month (migration 0001): Django knows `id` as its key, the
database (id, created_at). What makes a message unique is therefore a row of `message_keys`.
"""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from evently.database.functions import Clock
from evently.database.models import Identified
from evently.privacy.sealing import SEALED_PATTERN, SealedField


class Channel(models.TextChoices):
    """How a message reaches a person."""

    IN_APP = "in_app", "In the app"
    EMAIL = "email", "By mail"


class MessageType(models.TextChoices):
    """What a message is about."""

    WELCOME = "welcome"
    VERIFY_ADDRESS = "verify_address"
    ACCOUNT_EXISTS = "account_exists"
    PASSWORD_RESET = "password_reset"  # noqa: S105
    LOGIN_LINK = "login_link"
    BOOKING_CONFIRM = "booking_confirm", "Booking confirmed"
    CANCELLATION = "cancellation", "Booking cancelled"
    WAITLIST_JOIN = "waitlist_join", "Joined a waitlist"
    WAITLIST_PROMOTION = "waitlist_promotion", "Seats offered"
    PROMOTION_ENDED = "promotion_ended", "Offer ended"
    WAITLIST_CLOSED = "waitlist_closed"
    EVENT_CANCELLED = "event_cancelled"
    EVENT_CHANGED = "event_changed"
    NOTIFICATION = "notification"


# Mails that an account cannot work without: preferences do not reach them.
ACCOUNT_TYPES = (
    MessageType.VERIFY_ADDRESS,
    MessageType.ACCOUNT_EXISTS,
    MessageType.PASSWORD_RESET,
    MessageType.LOGIN_LINK,
)


class NotificationStatus(models.TextChoices):
    """Where a message stands; delivered without a mail: it is in the inbox, which is enough."""

    PENDING = "pending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"


class TemplateType(models.TextChoices):
    """The six templates; messages without one of their own use the last."""

    WELCOME = "welcome"
    BOOKING_CONFIRM = "booking_confirm", "Booking confirmed"
    CANCELLATION = "cancellation", "Booking cancelled"
    WAITLIST_JOIN = "waitlist_join", "Joined a waitlist"
    WAITLIST_PROMOTION = "waitlist_promotion", "Seats offered"
    NOTIFICATION = "notification", "Everything else"


class Provider(models.TextChoices):
    """Who takes our mail."""

    SENDGRID = "sendgrid", "SendGrid"
    SMTP = "smtp", "SMTP"


class DeliveryStatus(models.TextChoices):
    """Where a mail stands."""

    PENDING = "pending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    BOUNCED = "bounced"


def all_channels() -> list[str]:
    """Return the channels of an ordinary message."""
    return list(Channel.values)


class NotificationQuerySet(models.QuerySet["Notification"]):
    """Reads of notifications."""

    def inbox_of(self, user_id: object) -> "NotificationQuerySet":
        """What one person finds in the app; a message by mail alone is not shown there."""
        return self.filter(user_id=user_id, channels__contains=[Channel.IN_APP])

    def unread(self) -> "NotificationQuerySet":
        """What has not been read. Messages by mail alone are written as read."""
        return self.filter(read=False)

    def newest_first(self) -> "NotificationQuerySet":
        """The inbox's order."""
        return self.order_by("-created_at", "-id")


class Notification(Identified):
    """One message to one person. `trg_notifications_frozen` keeps what it says and when.

    `data` holds ids and facts of the event, never personal data or secrets: links with secrets
    are made when the mail is sent. `next_attempt_at` is when the sweep takes up a pending one.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        related_name="notifications",
        db_constraint=False,
        db_index=False,
    )
    event_id = models.UUIDField(null=True, blank=True)
    type = models.TextField(choices=MessageType)
    message = models.TextField()
    channels = models.JSONField(
        default=all_channels, db_default=models.Value(Channel.values, models.JSONField())
    )
    data = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    status = models.TextField(
        choices=NotificationStatus,
        default=NotificationStatus.PENDING,
        db_default=NotificationStatus.PENDING,
    )
    next_attempt_at = models.DateTimeField(db_default=Clock(), editable=False)
    sent_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    read = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(db_default=Clock(), editable=False)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        """Made by SQL of its own, since Django knows no partitions."""

        db_table = "notifications"
        constraints = [
            models.CheckConstraint(
                name="chk_notification_type", condition=Q(type__in=MessageType.values)
            ),
            models.CheckConstraint(
                name="chk_notification_status", condition=Q(status__in=NotificationStatus.values)
            ),
            models.CheckConstraint(
                name="chk_notification_channels",
                condition=Q(channels__contained_by=Channel.values),
            ),
        ]
        indexes = [
            models.Index(
                F("user"),
                F("created_at").desc(),
                name="idx_notifications_user_unread",
                condition=Q(read=False),
            ),
            models.Index(F("type"), F("sent_at").desc(), name="idx_notifications_type_sent"),
            models.Index(
                F("user"), F("created_at").desc(), F("id").desc(), name="idx_notifications_inbox"
            ),
            models.Index(
                fields=["next_attempt_at"],
                name="idx_notifications_due",
                condition=Q(status="pending"),
            ),
        ]

    def __str__(self) -> str:
        return self.message

    @property
    def is_unread(self) -> bool:
        """Whether it asks for attention."""
        return not self.read

    @property
    def is_account_mail(self) -> bool:
        """Whether an account cannot work without it, whatever the person's preferences."""
        return self.type in ACCOUNT_TYPES


class MessageKey(Identified):
    """What makes a message the only one of its kind: one row per person and fact."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    key = models.TextField()
    notification_id = models.UUIDField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        """Not partitioned, so that it can be unique."""

        db_table = "message_keys"
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="unq_message_user_key"),
            models.CheckConstraint(name="chk_message_key", condition=~Q(key="")),
        ]


class EmailTemplate(Identified):
    """One version of one mail template; what it says never changes (`trg_template_frozen`)."""

    template_type = models.TextField(choices=TemplateType)
    subject_template = models.TextField()
    html_template = models.TextField()
    text_template = models.TextField()
    # The placeholders that may stand in it, as a list of names.
    variables = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    is_active = models.BooleanField(default=True, db_default=True)
    version = models.PositiveIntegerField(default=1, db_default=1)
    created_at = models.DateTimeField(db_default=Clock(), editable=False)
    updated_at = models.DateTimeField(db_default=Clock(), editable=False)

    class Meta:
        """One active version of each type."""

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


class EmailDelivery(Identified):
    """One mail, from pending to its end.

    The recipient is sealed under their key, so it goes dark with them. `attempt` is set while an
    attempt is under way; whoever finds one that never ended marks `metadata.maybeRepeated`.
    """

    notification_id = models.UUIDField(null=True, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        related_name="email_deliveries",
        db_constraint=False,
    )
    recipient_email = SealedField("recipient", null=True, blank=True, editable=False)
    template_type = models.TextField(choices=TemplateType)
    provider = models.TextField(choices=Provider, default=Provider.SMTP, db_default=Provider.SMTP)
    status = models.TextField(
        choices=DeliveryStatus, default=DeliveryStatus.PENDING, db_default=DeliveryStatus.PENDING
    )
    send_attempts = models.PositiveIntegerField(default=0, db_default=0)
    last_attempt_at = models.DateTimeField(null=True, blank=True)
    next_attempt_at = models.DateTimeField(db_default=Clock(), editable=False)
    attempt = models.UUIDField(null=True, blank=True, editable=False)
    delivered_at = models.DateTimeField(null=True, blank=True)
    error_message = models.TextField(default="", db_default="", blank=True)
    # messageId, reference, eventId, userId, maybeRepeated.
    metadata = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    created_at = models.DateTimeField(db_default=Clock(), editable=False)

    class Meta:
        """One row per message, however often it is tried."""

        db_table = "email_delivery_log"
        verbose_name = "mail"
        verbose_name_plural = "delivery log"
        constraints = [
            models.UniqueConstraint(fields=["notification_id"], name="unq_delivery_notification"),
            models.CheckConstraint(
                name="chk_delivery_template", condition=Q(template_type__in=TemplateType.values)
            ),
            models.CheckConstraint(
                name="chk_delivery_provider", condition=Q(provider__in=Provider.values)
            ),
            models.CheckConstraint(
                name="chk_delivery_status", condition=Q(status__in=DeliveryStatus.values)
            ),
            models.CheckConstraint(
                name="chk_delivery_recipient",
                condition=Q(recipient_email__isnull=True)
                | Q(recipient_email__regex=SEALED_PATTERN),
            ),
        ]
        indexes = [
            models.Index(
                fields=["status", "created_at"],
                name="idx_delivery_unfinished",
                condition=Q(status__in=["failed", "bounced"]),
            ),
            models.Index(F("created_at").desc(), F("id").desc(), name="idx_delivery_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.get_template_type_display()} ({self.get_status_display()})"

    @property
    def recipient(self) -> str:
        """The address it went to, or "" for the erased; needs the person's key."""
        key = self.user.key
        return (key and key.open("recipient", self.recipient_email or "")) or ""

    @property
    def may_be_repeated(self) -> bool:
        """Whether an attempt before the last one may have reached the mail server too."""
        metadata: dict[str, Any] = self.metadata
        return bool(metadata.get("maybeRepeated"))
