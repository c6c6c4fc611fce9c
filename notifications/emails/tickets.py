"""The tickets of a confirmation: one QR code each, as an image inside the email."""

import base64
from dataclasses import dataclass
from html import escape

from bookings.models import Ticket
from bookings.qr import qr_png
from evently.links import link_to
from notifications.emails.layout import inline_styles
from notifications.emails.placeholders import RichValue


@dataclass(frozen=True)
class TicketImage:
    """A QR code inside the email, which the HTML refers to by its content id."""

    content_id: str
    name: str
    png: bytes
    content_type = "image/png"

    @property
    def encoded(self) -> str:
        return base64.encodebytes(self.png).decode()


# As layout.STYLES has it, once for all emails.
CARDS = inline_styles('<div class="tickets">{cards}</div>')
CARD = inline_styles(
    '<div class="ticket">\n<a href="{url}"><img class="code" src="cid:{image}" width="168"'
    ' height="168" alt="QR code of ticket {number}"></a>{name}</div>'
)


def ticket_url(ticket: Ticket) -> str:
    """Return the link to one ticket that works without logging in."""
    return link_to(
        "ticket_link",
        purpose="ticket",
        row_id=ticket.pk,
        event_id=ticket.event_id,
        version=ticket.booking.user.links_version,
    )


def render_tickets(tickets: list[Ticket]) -> tuple[RichValue, list[TicketImage]]:
    """Return the tickets as text and HTML, and the images that the HTML refers to."""
    images, lines, cards = [], [], []
    for number, ticket in enumerate(tickets, start=1):
        url = ticket_url(ticket)
        name = f"Ticket {number} of {len(tickets)}" if len(tickets) > 1 else "Your ticket"
        if ticket.name:
            name += f", {ticket.name}"
        image = TicketImage(
            content_id=f"{ticket.pk}@tickets", name=f"ticket-{number}.png", png=qr_png(ticket)
        )
        images.append(image)
        lines.append(f"{name}: {url}")
        cards.append(
            CARD.format(url=escape(url), image=image.content_id, number=number, name=escape(name))
        )
    # Each on lines of its own, since mail servers limit their length.
    html = CARDS.format(cards="\n".join(cards))
    return RichValue(text="\n".join(lines), html=html, is_styled=True), images
