"""QR codes of tickets."""

import io

import segno

from bookings.models import Ticket

# Enough redundancy for a crumpled print or a cracked screen.
ERROR_CORRECTION = "m"
QUIET_ZONE = 4


def qr_text(ticket: Ticket) -> str:
    """Return what a ticket's code says: its event and its secret, which is what is checked."""
    return f"evently:{ticket.event_id}:{ticket.secret}"


def qr_svg(ticket: Ticket, *, scale: int = 8) -> bytes:
    """Return a ticket's code as an SVG document; scale: pixels a module."""
    buffer = io.BytesIO()
    segno.make_qr(qr_text(ticket), error=ERROR_CORRECTION).save(
        buffer, kind="svg", scale=scale, border=QUIET_ZONE, light="#fff", title="Ticket"
    )
    return buffer.getvalue()
