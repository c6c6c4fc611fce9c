"""Notifications, the email templates, and the log of every email.

`notifications` is partitioned by month (migration 0001): Django takes `id` for its primary key, in
the database it is (id, created_at). What makes a notification unique is therefore a row of
`message_keys`.
"""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Now

from evently.database.functions import Clock
from evently.database.models import Identified, Organized
from evently.email_providers import NAME_PATTERN, SMTP
from evently.privacy.sealing import SEALED_PATTERN, SealedField
from events.models import Event
from notifications.early_models import EarlyReport  # noqa: F401
from notifications.event_email_models import EventEmail  # noqa: F401
from notifications.logo_models import EventLogo  # noqa: F401
from notifications.mailing_models import Mailing, MailingKind  # noqa: F401
from notifications.message_models import OrganizerMessage  # noqa: F401
from notifications.mute_models import EventMute  # noqa: F401
from notifications.resend_models import ResendRun  # noqa: F401
from notifications.return_models import EmailReturn, Suppression  # noqa: F401
from notifications.sent_models import EmailAttempt, SentEmail  # noqa: F401
from notifications.template_models import EmailTemplate as EmailTemplate
from notifications.template_models import TemplateType as TemplateType


class Channel(models.TextChoices):
    IN_APP = "in_app", "In the app"
    EMAIL = "email", "By email"


class NotificationStatus(models.TextChoices):
    """`sent`: by email; `delivered`: in the inbox, without an email."""

    PENDING = "pending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"


class DeliveryStatus(models.TextChoices):
    """`held`: waits, as the address is unconfirmed; `merged`: a part of a later email."""

    PENDING = "pending"
    HELD = "held", "Held back"
    MERGED = "merged", "Part of another email"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    BOUNCED = "bounced"


def all_channels() -> list[str]:
    """Return the default of `Notification.channels`."""
    return list(Channel.values)


class NotificationQuerySet(models.QuerySet["Notification"]):
    def inbox_of(self, user_id: object) -> "NotificationQuerySet":
        """The notifications in a user's inbox, which are those not sent by email only."""
        return self.filter(user_id=user_id, channels__contains=[Channel.IN_APP])

    def unread(self) -> "NotificationQuerySet":
        """Unread notifications. Those sent by email only are inserted as read."""
        return self.filter(read=False)

    def newest_first(self) -> "NotificationQuerySet":
        return self.order_by("-created_at", "-id")


class Notification(Identified):
    """One message to one user. `trg_notifications_frozen` keeps its content, user and time.

    `type` is the name of a kind (`notifications/kinds`). `data` holds ids and facts of the event,
    never personal data or secrets: links with secrets are made when the email is sent.
    `next_attempt_at` is when a pending one is due (`operations.taking`).
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        related_name="notifications",
        db_constraint=False,
        db_index=False,
    )
    event_id = models.UUIDField(null=True, blank=True)
    type = models.TextField()
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

    # While its email is written: what was read for it (`kinds.rows`).
    rows: object = None

    objects = NotificationQuerySet.as_manager()

    class Meta:
        """Created by SQL, since Django knows no partitions.

        `chk_notification_type` exists in the database only: it allows the names in the registry
        of kinds, which imports this module.
        """

        db_table = "notifications"
        constraints = [
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
                Func(
                    F("type"),
                    function="evently_email_urgency",
                    output_field=models.IntegerField(),
                ),
                F("next_attempt_at"),
                name="idx_notifications_urgency",
                condition=Q(status="pending"),
            ),
            # What waits of an event, also while very much waits of others.
            models.Index(
                fields=["event_id", "created_at"],
                name="idx_notifications_pending",
                condition=Q(status="pending"),
            ),
            # The messages of one message to attendees (`notifications.writing.progress`).
            models.Index(
                KeyTextTransform("message", "data"),
                name="idx_notifications_written",
                condition=Q(type="organizer_message"),
            ),
        ]

    def __str__(self) -> str:
        return self.message

    @property
    def is_unread(self) -> bool:
        return not self.read


class MessageKey(Identified):
    """What makes a notification unique: one row per user and fact."""

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
        """Not partitioned, so that the key can be unique over all months."""

        db_table = "message_keys"
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="unq_message_user_key"),
            models.CheckConstraint(name="chk_message_key", condition=~Q(key="")),
        ]


class EmailDelivery(Identified):
    """One email and all attempts to send it.

    event, kind: of its notification (`trg_delivery_event` fills them in where they are missing).
    The recipient is sealed under the user's key, so that it becomes unreadable when the user is
    erased. `attempt` is set during an attempt; the next attempt that finds it still set, because
    that one never ended, sets `metadata.maybeRepeated`. One that is held back has no attempts.
    """

    notification_id = models.UUIDField(null=True, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        related_name="email_deliveries",
        db_constraint=False,
    )
    event = models.ForeignKey(
        Event,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        related_name="emails",
        db_constraint=False,
        db_index=False,
    )
    # That of the event, derived: `evently_organizer_set`.
    organizer_id = models.UUIDField(null=True, editable=False)
    kind = models.TextField(default="", db_default="", blank=True)
    recipient_email = SealedField("recipient", null=True, blank=True, editable=False)
    template_type = models.TextField(choices=TemplateType)
    # That took it, or was tried last, by its name in the settings: `smtp`, `sendgrid:backup`.
    provider = models.TextField(default=SMTP, db_default=SMTP)
    # By which the provider knows it, and reports what became of it; "" where there is none.
    provider_message_id = models.TextField(default="", db_default="", blank=True)
    status = models.TextField(
        choices=DeliveryStatus, default=DeliveryStatus.PENDING, db_default=DeliveryStatus.PENDING
    )
    send_attempts = models.PositiveIntegerField(default=0, db_default=0)
    last_attempt_at = models.DateTimeField(null=True, blank=True)
    next_attempt_at = models.DateTimeField(db_default=Clock(), editable=False)
    attempt = models.UUIDField(null=True, blank=True, editable=False)
    delivered_at = models.DateTimeField(null=True, blank=True)
    error_message = models.TextField(default="", db_default="", blank=True)
    # messageId, reference, eventId, userId, maybeRepeated, maybeSentBy (the provider that may have
    # sent it before), mergedInto (a notification's id).
    metadata = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    created_at = models.DateTimeField(db_default=Clock(), editable=False)

    class Meta:
        db_table = "email_delivery_log"
        verbose_name = "email"
        verbose_name_plural = "delivery log"
        constraints = [
            models.UniqueConstraint(fields=["notification_id"], name="unq_delivery_notification"),
            models.CheckConstraint(
                name="chk_delivery_template", condition=Q(template_type__in=TemplateType.values)
            ),
            models.CheckConstraint(
                name="chk_delivery_provider", condition=Q(provider__regex=NAME_PATTERN)
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
            models.Index(
                F("created_at").desc(),
                F("id").desc(),
                name="idx_delivery_waiting",
                condition=Q(status__in=["pending", "held"]),
            ),
            # With what lists filter by, count and search, and what policies ask for: of an event
            # with 50,000 emails, these are not read for that.
            models.Index(
                fields=["event", "-created_at", "-id"],
                include=["kind", "status", "provider", "organizer_id", "user"],
                name="idx_delivery_of_event",
            ),
            # For kinds and providers of which there are few among all emails.
            models.Index(
                fields=["provider", "kind", "-created_at", "-id"],
                include=["status"],
                name="idx_delivery_provider",
            ),
            models.Index(
                fields=["event", "-created_at", "-id"],
                include=["kind", "status", "organizer_id", "user"],
                name="idx_delivery_failed_of_event",
                condition=Q(status__in=["failed", "bounced"]),
            ),
            models.Index(
                fields=["provider_message_id"],
                name="idx_delivery_provider_message",
                condition=~Q(provider_message_id=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_template_type_display()} ({self.get_status_display()})"

    @property
    def recipient(self) -> str:
        """The email address it went to, or "" for erased users; needs the user's key loaded."""
        key, sealed = self.user.key, self.recipient_email
        return (key and sealed and key.open("recipient", sealed)) or ""

    @property
    def may_be_repeated(self) -> bool:
        """Whether an earlier attempt may have reached the mail server too."""
        metadata: dict[str, Any] = self.metadata
        return bool(metadata.get("maybeRepeated"))


class Announcement(Organized):
    """A change that not all people of an event have been notified of yet; deleted once they are.

    key: that of its messages, so that no user is notified twice.
    """

    event = models.ForeignKey(
        Event, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    key = models.TextField()
    message = models.TextField()
    created_at = models.DateTimeField(db_default=Clock(), editable=False)

    class Meta:
        db_table = "announcements"


class EmailResend(Identified):
    """That an email was sent again, by whom and when; rows are only added.

    `trg_email_resends` limits how often: per email, and per person and event.
    """

    delivery_id = models.UUIDField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    event_id = models.UUIDField(null=True, blank=True)
    # That of the event, derived: `evently_organizer_set`.
    organizer_id = models.UUIDField(null=True, editable=False)
    # The new notification of an email that had arrived before; null: a failed one was tried again.
    notification_id = models.UUIDField(null=True, blank=True)
    # Null once that person's account is deleted from the database.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    created_at = models.DateTimeField(db_default=Clock(), editable=False)

    class Meta:
        db_table = "email_resends"
        indexes = [
            models.Index(fields=["delivery_id", "created_at"], name="idx_resends_delivery"),
            models.Index(fields=["user", "event_id", "created_at"], name="idx_resends_user"),
            models.Index(fields=["by"], name="idx_resends_by", condition=Q(by__isnull=False)),
        ]
