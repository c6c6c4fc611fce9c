"""QR codes of tickets."""

import io

import segno

from bookings.models import Ticket

# Enough error correction for a crumpled print or a cracked screen.
ERROR_CORRECTION = "m"
QUIET_ZONE = 4
# Scanners read any of the eight masks. Choosing the best takes most of the drawing time, and codes
# are drawn for the email of every booking.
MASK = 3


def qr_text(ticket: Ticket) -> str:
    """Return the content of a ticket's QR code: its event, and the secret checked at the door."""
    return f"evently:{ticket.event_id}:{ticket.secret}"


def ticket_code(ticket: Ticket) -> segno.QRCode:
    return segno.make_qr(qr_text(ticket), error=ERROR_CORRECTION, mask=MASK)


def qr_svg(ticket: Ticket, *, scale: int = 8) -> bytes:
    """Return a ticket's QR code as an SVG document; scale: pixels per module."""
    buffer = io.BytesIO()
    ticket_code(ticket).save(
        buffer, kind="svg", scale=scale, border=QUIET_ZONE, light="#fff", title="Ticket"
    )
    return buffer.getvalue()
