"""The codes of a confirmation: one picture a ticket, inside the mail."""

import io
from dataclasses import dataclass
from html import escape

import segno

from bookings.models import Booking, Ticket
from evently.links import link_to
from notifications.letters.placeholders import Rich


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
    """Return the link to one ticket, which is also what its code says."""
    return link_to("ticket_link", purpose="ticket", row_id=ticket.pk, event_id=ticket.event_id)


def drawn(tickets: list[Ticket]) -> tuple[Rich, list[Picture]]:
    """Return the tickets as text and HTML, and the pictures that the HTML refers to."""
    pictures, lines, rows = [], [], []
    for number, ticket in enumerate(tickets, start=1):
        url, name = ticket_url(ticket), f"Ticket {number} of {len(tickets)}"
        picture = Picture(
            content_id=f"{ticket.pk}@tickets", name=f"ticket-{number}.png", png=_code(url)
        )
        pictures.append(picture)
        lines.append(f"{name}: {url}")
        rows.append(
            f'<tr><td class="ticket"><a href="{escape(url)}"><img class="code" '
            f'src="cid:{picture.content_id}" width="168" height="168" '
            f'alt="Code of ticket {number}"></a>{name}</td></tr>'
        )
    html = f'<table class="tickets" role="presentation">{"".join(rows)}</table>' if rows else ""
    return Rich(text="\n".join(lines), html=html), pictures


def _code(url: str) -> bytes:
    out = io.BytesIO()
    segno.make(url, error="m", micro=False).save(out, kind="png", scale=6, border=3)
    return out.getvalue()
