"""The codes of a confirmation: one picture a ticket, inside the mail."""

import io
from dataclasses import dataclass
from html import escape

from bookings.models import Booking, Ticket
from bookings.qr import QUIET_ZONE, ticket_code
from evently.links import link_to
from notifications.emails.placeholders import Rich


@dataclass(frozen=True)
class Picture:
    """A picture inside the mail, referred to by its content id."""

    content_id: str
    name: str
    png: bytes


def living_tickets(booking: Booking) -> list[Ticket]:
    """Return the tickets of a booking that were not given back."""
    return list(
        Ticket.objects.filter(
            event_id=booking.event_id, booking_id=booking.pk, cancelled_at__isnull=True
        ).order_by("id")
    )


def ticket_url(ticket: Ticket) -> str:
    """Return the link to one ticket, which needs no password."""
    return link_to("ticket_link", purpose="ticket", row_id=ticket.pk, event_id=ticket.event_id)


def drawn(tickets: list[Ticket]) -> tuple[Rich, list[Picture]]:
    """Return the tickets as text and HTML, and the pictures that the HTML refers to."""
    pictures, lines, cards = [], [], []
    for number, ticket in enumerate(tickets, start=1):
        url = ticket_url(ticket)
        name = f"Ticket {number} of {len(tickets)}" if len(tickets) > 1 else "Your ticket"
        picture = Picture(
            content_id=f"{ticket.pk}@tickets", name=f"ticket-{number}.png", png=_code(ticket)
        )
        pictures.append(picture)
        lines.append(f"{name}: {url}")
        cards.append(
            f'<div class="ticket"><a href="{escape(url)}"><img class="code" '
            f'src="cid:{picture.content_id}" width="168" height="168" '
            f'alt="Code of ticket {number}"></a>{name}</div>'
        )
    return Rich(
        text="\n".join(lines), html=f'<div class="tickets">{"".join(cards)}</div>'
    ), pictures


def _code(ticket: Ticket) -> bytes:
    out = io.BytesIO()
    ticket_code(ticket).save(out, kind="png", scale=6, border=QUIET_ZONE)
    return out.getvalue()
