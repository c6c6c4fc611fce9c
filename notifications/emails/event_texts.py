"""What an organizer adds to the emails about an event: texts around the template, sender, picture.

Texts are plain: everything in them is escaped, and web addresses become links. A text that cannot
be filled is left out, and noted for the organizer; the email goes out without it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import parseaddr
from functools import lru_cache
from html import escape
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings

from evently.rich_text import prose
from events.covers import drawing_url
from events.models import Event
from notifications.emails.layout import inline_styles
from notifications.emails.logos import Logo
from notifications.emails.placeholders import Cut, RichValue, Values, text_of
from notifications.emails.templates import FAILURES, Around, code_of
from notifications.emails.variables import ALL_EMAILS, EVENT, VARIABLES
from notifications.event_email_models import EventEmail, Picture
from notifications.template_models import TemplateType

# Of what stands in all emails about an event.
OF_EVENT = (*ALL_EMAILS, *EVENT)
# Values with images of their own, which an email has once.
ONCE = frozenset({"tickets"})
PICTURE = inline_styles('<img class="picture" src="{url}" width="502" alt="">')
FIELDS = EventEmail.TEXTS

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class EventTexts:
    """What the emails of one type about an event have, from the rows for the type and for all.

    picture: of `Picture`. logo: where that says so, and there is one. row_ids: where the texts come
    from.
    """

    event_id: UUID
    above: str = ""
    below: str = ""
    sender_name: str = ""
    reply_to: str = ""
    picture: str = ""
    logo: Logo | None = None
    row_ids: tuple[UUID, ...] = ()

    @property
    def needs_logo(self) -> bool:
        return self.picture == Picture.LOGO


@dataclass(frozen=True)
class TextsFailure:
    """That texts of an event could not be filled. code: why, without personal data."""

    event_id: UUID
    row_ids: tuple[UUID, ...]
    code: str


def allowed_in(type_: TemplateType | None) -> tuple[str, ...]:
    """Return the placeholders of texts for the emails of a type; None: of all."""
    more = VARIABLES[type_] if type_ is not None else ()
    return tuple(dict.fromkeys(name for name in (*OF_EVENT, *more) if name not in ONCE))


def texts_of(rows: Iterable[EventEmail], type_: TemplateType) -> EventTexts | None:
    """Return what emails of a type have; rows: all of one event. None where that is nothing."""
    chosen = [row for row in rows if row.template_type in (type_, None)]
    if not chosen:
        return None
    # The row of the type first.
    chosen.sort(key=lambda row: row.template_type is None)
    found: dict[str, Any] = {
        name: next((value for row in chosen if (value := getattr(row, name))), "")
        for name in FIELDS
    }
    return EventTexts(event_id=chosen[0].event_id, row_ids=tuple(row.pk for row in chosen), **found)


def around_of(
    texts: EventTexts | None,
    values: Values,
    *,
    picture: str = "",
    footnote: RichValue | None = None,
) -> tuple[Around, TextsFailure | None]:
    """Return what is put around a template, and what of the texts could not be filled.

    values: those of the email and of its event. picture: of `picture_of`.
    """
    if texts is None:
        return Around(footnote=footnote), None
    try:
        above, below = fill(texts.above, values), fill(texts.below, values)
    except FAILURES as error:
        code = code_of(error)
        log.error("event_texts_failed", event_id=str(texts.event_id), error=type(error).__name__)
        return Around(footnote=footnote), TextsFailure(texts.event_id, texts.row_ids, code)
    if picture:
        html = _styled(above.html) if above else ""
        above = RichValue(above.text if above else "", picture + html, is_styled=True)
    return Around(above=above, below=below, footnote=footnote), None


def picture_of(texts: EventTexts, event: Event) -> str:
    """Return what is at the top of emails about an event, as HTML with its styles; "" for nothing.

    A logo is said by the name of its sender, or of the event, where images are not shown.
    """
    if texts.picture == Picture.DRAWING:
        return PICTURE.format(url=escape(drawing_url(event.pk)))
    if texts.needs_logo and texts.logo is not None:
        return texts.logo.html(alt=texts.sender_name or event.name)
    return ""


def fill(text: str, values: Values) -> RichValue | None:
    """Return a text with its placeholders filled; None for "". Raises PlaceholderUnknown."""
    if not text.strip():
        return None
    filled = _cut(text).fill(values, text_of).strip()
    return _as_html(filled)


def from_address(sender_name: str) -> str | None:
    """Return the From header of emails with a sender's name; None for the site's own.

    The address stays the site's, for which its emails are authenticated.
    """
    if not sender_name:
        return None
    _, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    # The name has neither quotes nor backslashes nor line breaks (chk_event_email_sender). What
    # begins like an encoded word of RFC 2047 would be decoded, to an address or a line break.
    name = sender_name.replace("=?", "= ?")
    return f'"{name}" <{address}>'


@lru_cache(maxsize=256)
def _cut(text: str) -> Cut:
    return Cut(text)


_styled = lru_cache(maxsize=256)(inline_styles)


@lru_cache(maxsize=256)
def _as_html(text: str) -> RichValue:
    """The same for many emails where it names nobody, so the last ones are kept."""
    return RichValue(text=text, html=prose(text))
