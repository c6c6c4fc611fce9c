"""Fill in the organizers of rows from before the column."""

from django.db import migrations

from evently.database.organizers import NOT_FILLED, filled, not_null_soon

WAITLISTS_USUAL = """
CREATE TRIGGER trg_waitlists_a_guard BEFORE UPDATE ON waitlists
    FOR EACH ROW WHEN (NOT evently_writes_derived()) EXECUTE FUNCTION evently_waitlists_guard();
"""
WAITLISTS_FILLING = f"""
CREATE TRIGGER trg_waitlists_a_guard BEFORE UPDATE ON waitlists
    FOR EACH ROW WHEN (NOT evently_writes_derived() AND {NOT_FILLED})
    EXECUTE FUNCTION evently_waitlists_guard();
"""
PROMOTIONS_USUAL = """
CREATE TRIGGER trg_promotions_update BEFORE UPDATE ON waitlist_promotions
    FOR EACH ROW EXECUTE FUNCTION evently_promotions_update();
CREATE CONSTRAINT TRIGGER trg_promotions_booking AFTER UPDATE ON waitlist_promotions
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.status = 'used') EXECUTE FUNCTION evently_promotions_booking();
"""
# The booking of an offer may have changed since.
PROMOTIONS_FILLING = f"""
CREATE TRIGGER trg_promotions_update BEFORE UPDATE ON waitlist_promotions
    FOR EACH ROW WHEN {NOT_FILLED} EXECUTE FUNCTION evently_promotions_update();
CREATE CONSTRAINT TRIGGER trg_promotions_booking AFTER UPDATE ON waitlist_promotions
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.status = 'used' AND {NOT_FILLED})
    EXECUTE FUNCTION evently_promotions_booking();
"""
DRAWS_USUAL = """
CREATE TRIGGER trg_draws_update BEFORE UPDATE ON draws
    FOR EACH ROW EXECUTE FUNCTION evently_draws_update();
"""
DRAWS_FILLING = f"""
CREATE TRIGGER trg_draws_update BEFORE UPDATE ON draws
    FOR EACH ROW WHEN {NOT_FILLED} EXECUTE FUNCTION evently_draws_update();
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("waitlists", "0024_organizers")]
    operations = [
        # The record of an open waitlist is written under the lock of its event.
        filled(
            "waitlists", guards=(WAITLISTS_USUAL, WAITLISTS_FILLING), events_first=True, rows=200
        ),
        filled("waitlist_promotions", guards=(PROMOTIONS_USUAL, PROMOTIONS_FILLING)),
        # A step of a draw places its entries.
        filled("draws", guards=(DRAWS_USUAL, DRAWS_FILLING), events_first=True, rows=50),
        not_null_soon("waitlists"),
        not_null_soon("waitlist_promotions"),
        not_null_soon("draws"),
    ]
