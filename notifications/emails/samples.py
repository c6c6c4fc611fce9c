"""What emails say in previews: examples of all placeholders, which belong to no person.

Of the types that a template may have, none is named here: a new one has its examples by the
placeholders that it declares.
"""

import io
from functools import lru_cache

import segno
from django.conf import settings

from bookings.qr import ERROR_CORRECTION, PNG_SCALE, QUIET_ZONE
from evently.accounts.models import User
from evently.links import absolute, path_to
from notifications.emails.email_content import EmailContent, with_links
from notifications.emails.placeholders import RichValue, Value
from notifications.emails.tickets import CARD, CARDS, TicketImage
from notifications.emails.variables import DESCRIPTIONS, VARIABLES, is_link
from notifications.models import TemplateType

SAMPLE_ID = "sample@tickets"
TICKETS = "tickets"


def sample_content(
    type_: TemplateType, *, user: User | None = None, values: dict[str, Value] | None = None
) -> EmailContent:
    """Return examples of all placeholders of a type.

    user: by whose name the email greets. values: real ones, of an event.
    """
    given = {"siteName": settings.SITE_NAME, "accountUrl": absolute(path_to("account"))}
    if user is not None:
        given["userName"] = user.display_name
    content = EmailContent(
        values={
            name: (values or {}).get(name, given.get(name) or _example(name))
            for name in VARIABLES[type_]
        }
    )
    if TICKETS in content.values:
        content.values[TICKETS], content.images = _tickets()
    return content


def _example(name: str) -> Value:
    if is_link(name):
        return settings.PUBLIC_URL
    _, example = DESCRIPTIONS.get(name, ("", ""))
    # As the kinds write what may quote an organizer.
    return with_links(example) if example else f"[{name}]"


def _tickets() -> tuple[RichValue, list[TicketImage]]:
    """Return as many tickets as the samples have seats, all with the same code."""
    url, names = settings.PUBLIC_URL, ("Ticket 1 of 2", "Ticket 2 of 2")
    cards = [
        CARD.format(url=url, image=SAMPLE_ID, number=number, name=name)
        for number, name in enumerate(names, start=1)
    ]
    html = CARDS.format(cards="\n".join(cards))
    text = "\n".join(f"{name}: {url}" for name in names)
    value = RichValue(text=text, html=html, is_styled=True)
    return value, [TicketImage(SAMPLE_ID, "ticket-1.png", _code())]


@lru_cache(maxsize=1)
def _code() -> bytes:
    """Return a QR code that admits to nothing."""
    buffer = io.BytesIO()
    code = segno.make_qr("A sample, not a ticket", error=ERROR_CORRECTION)
    code.save(buffer, kind="png", scale=PNG_SCALE, border=QUIET_ZONE)
    return buffer.getvalue()
