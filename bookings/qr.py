"""QR codes of tickets."""

import io

import segno

from bookings.models import Ticket

# Enough redundancy for a crumpled print or a cracked screen.
ERROR_CORRECTION = "m"
QUIET_ZONE = 4
# Readers take any of the eight masks. Trying all for the best costs most of the drawing, and each
# booking's mail is drawn.
MASK = 3


def qr_text(ticket: Ticket) -> str:
    """Return what a ticket's code says: its event and its secret, which is what is checked."""
    return f"evently:{ticket.event_id}:{ticket.secret}"


def ticket_code(ticket: Ticket) -> segno.QRCode:
    """Return a ticket's code, ready to be drawn."""
    return segno.make_qr(qr_text(ticket), error=ERROR_CORRECTION, mask=MASK)


def qr_svg(ticket: Ticket, *, scale: int = 8) -> bytes:
    """Return a ticket's code as an SVG document; scale: pixels a module."""
    buffer = io.BytesIO()
    ticket_code(ticket).save(
        buffer, kind="svg", scale=scale, border=QUIET_ZONE, light="#fff", title="Ticket"
    )
    return buffer.getvalue()
