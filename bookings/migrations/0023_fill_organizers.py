"""Fill in organizers and users of rows from before these columns."""

from django.db import migrations

from evently.database.organizers import NOT_FILLED, filled, not_null_soon

BOOKINGS_USUAL = """
CREATE TRIGGER trg_bookings_update BEFORE UPDATE ON bookings
    FOR EACH ROW EXECUTE FUNCTION evently_bookings_update();
"""
BOOKINGS_FILLING = f"""
CREATE TRIGGER trg_bookings_update BEFORE UPDATE ON bookings
    FOR EACH ROW WHEN {NOT_FILLED} EXECUTE FUNCTION evently_bookings_update();
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("bookings", "0022_organizers")]
    operations = [
        filled("bookings", guards=(BOOKINGS_USUAL, BOOKINGS_FILLING)),
        filled("tickets"),
        filled("booking_attempts"),
        # A payment's trigger locks the booking.
        filled("payments", events_first=True, rows=200),
        filled("attendance_checks"),
        filled("ticket_transfers"),
        filled("bookings_archive"),
        not_null_soon("bookings"),
        not_null_soon("tickets"),
        not_null_soon("tickets", "user_id"),
        not_null_soon("booking_attempts"),
        not_null_soon("payments"),
        not_null_soon("payments", "user_id"),
        not_null_soon("attendance_checks"),
        not_null_soon("attendance_checks", "user_id"),
        not_null_soon("ticket_transfers"),
        not_null_soon("bookings_archive"),
    ]
