"""The logo that an organizer has uploaded for the emails about an event."""

from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Length, Substr
from django.db.models.lookups import Exact, LessThanOrEqual

from evently.database.functions import Clock
from evently.database.models import Organized
from events.models import Event
from notifications.emails.logos import (
    HIGHEST,
    JPEG,
    MOST_LOGO_BYTES,
    PIXELS_PER_CSS_PIXEL,
    PNG,
    WIDEST,
    Logo,
)

# How files of these types begin.
SIGNATURES = {PNG: b"\x89PNG\r\n\x1a\n", JPEG: b"\xff\xd8\xff"}


def _begins_as(content_type: str) -> Q:
    signature = SIGNATURES[content_type]
    start = Substr("content", 1, len(signature), output_field=models.BinaryField())
    return Q(content_type=content_type) & Q(Exact(start, Value(signature)))


class EventLogo(Organized):
    """The logo of an event's emails, drawn anew of what was uploaded (`emails.logo_files`).

    content: a PNG or JPEG, width times height pixels large. digest: its SHA-256. version: counts
    the files. Emails show it where `EventEmail.picture` says so; one that is being written while
    the logo is replaced has either.
    """

    event = models.ForeignKey(
        Event,
        on_delete=models.DO_NOTHING,
        related_name="email_logos",
        db_constraint=False,
        db_index=False,
    )
    content = models.BinaryField()
    content_type = models.TextField()
    width = models.IntegerField()
    height = models.IntegerField()
    digest = models.BinaryField()
    version = models.IntegerField(default=1, db_default=1)
    created_at = models.DateTimeField(db_default=Clock(), editable=False)

    class Meta:
        db_table = "event_logos"
        verbose_name = "logo of an event's emails"
        verbose_name_plural = "logos of an event's emails"
        constraints = [
            models.UniqueConstraint(fields=["event"], name="unq_event_logo"),
            # It is in every email, which stays below 100 kB.
            models.CheckConstraint(
                name="chk_event_logo_bytes",
                condition=Q(LessThanOrEqual(Length("content"), MOST_LOGO_BYTES)),
            ),
            # What it says it is: emails and pages pass the type on.
            models.CheckConstraint(
                name="chk_event_logo_type", condition=_begins_as(PNG) | _begins_as(JPEG)
            ),
            models.CheckConstraint(
                name="chk_event_logo_size",
                condition=Q(
                    width__range=(1, WIDEST * PIXELS_PER_CSS_PIXEL),
                    height__range=(1, HIGHEST * PIXELS_PER_CSS_PIXEL),
                ),
            ),
            # Processes keep logos by it.
            models.CheckConstraint(
                name="chk_event_logo_digest",
                condition=Q(
                    digest=Func(F("content"), function="sha256", output_field=models.BinaryField())
                ),
            ),
            models.CheckConstraint(name="chk_event_logo_version", condition=Q(version__gte=1)),
        ]

    @property
    def logo(self) -> Logo:
        return Logo(
            content=bytes(self.content),
            content_type=self.content_type,
            width=self.width,
            height=self.height,
            digest=bytes(self.digest),
        )
