"""The tickets of a confirmation: one QR code each, as an image inside the email."""

import io
from dataclasses import dataclass
from html import escape

from bookings.models import Ticket
from bookings.qr import QUIET_ZONE, ticket_code
from evently.links import link_to
from notifications.emails.placeholders import RichValue


@dataclass(frozen=True)
class InlineImage:
    """An image inside the email, which the HTML refers to by its content id."""

    content_id: str
    name: str
    png: bytes


def ticket_url(ticket: Ticket) -> str:
    """Return the link to one ticket that works without logging in."""
    return link_to(
        "ticket_link",
        purpose="ticket",
        row_id=ticket.pk,
        event_id=ticket.event_id,
        version=ticket.booking.user.links_version,
    )


def render_tickets(tickets: list[Ticket]) -> tuple[RichValue, list[InlineImage]]:
    """Return the tickets as text and HTML, and the images that the HTML refers to."""
    images, lines, cards = [], [], []
    for number, ticket in enumerate(tickets, start=1):
        url = ticket_url(ticket)
        name = f"Ticket {number} of {len(tickets)}" if len(tickets) > 1 else "Your ticket"
        if ticket.name:
            name += f", {ticket.name}"
        image = InlineImage(
            content_id=f"{ticket.pk}@tickets", name=f"ticket-{number}.png", png=_qr_code(ticket)
        )
        images.append(image)
        lines.append(f"{name}: {url}")
        cards.append(
            f'<div class="ticket"><a href="{escape(url)}"><img class="code" '
            f'src="cid:{image.content_id}" width="168" height="168" '
            f'alt="QR code of ticket {number}"></a>{escape(name)}</div>'
        )
    html = f'<div class="tickets">{"".join(cards)}</div>'
    return RichValue(text="\n".join(lines), html=html), images


def _qr_code(ticket: Ticket) -> bytes:
    out = io.BytesIO()
    ticket_code(ticket).save(out, kind="png", scale=6, border=QUIET_ZONE)
    return out.getvalue()
