"""Let the rows of a booking bear its event's organizer, and its user, where they do not yet."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from evently.audit.migration import audited
from evently.database.organizers import organizer_triggers
from evently.database.versioned import replace_function

# Tickets that come with their booking are inserted by its trigger, which knows the owners.
OWNERS = """
CREATE TRIGGER trg_owners_set BEFORE INSERT ON tickets
    FOR EACH ROW WHEN (pg_trigger_depth() = 0 OR NEW.user_id IS NULL OR NEW.organizer_id IS NULL)
    EXECUTE FUNCTION evently_owners_set(
        'fk_tickets_event', 'fk_tickets_booking', 'trg_ticket_count');
CREATE TRIGGER trg_owners_set BEFORE INSERT ON payments
    FOR EACH ROW EXECUTE FUNCTION evently_owners_set(
        'fk_payments_booking', 'fk_payments_booking', 'fk_payments_booking');
CREATE TRIGGER trg_a_owners_kept BEFORE UPDATE OF user_id, organizer_id ON tickets
    FOR EACH ROW EXECUTE FUNCTION evently_owners_kept();
CREATE TRIGGER trg_a_owners_kept BEFORE UPDATE OF user_id, organizer_id ON payments
    FOR EACH ROW EXECUTE FUNCTION evently_owners_kept();
CREATE TRIGGER trg_a_owners_kept BEFORE UPDATE OF user_id, organizer_id ON attendance_checks
    FOR EACH ROW EXECUTE FUNCTION evently_owners_kept();
"""
NO_OWNERS = """
DROP TRIGGER trg_a_owners_kept ON attendance_checks;
DROP TRIGGER trg_a_owners_kept ON payments;
DROP TRIGGER trg_a_owners_kept ON tickets;
DROP TRIGGER trg_owners_set ON payments;
DROP TRIGGER trg_owners_set ON tickets;
"""
# The user is derived, so filling it in is no change.
AUDITED = (
    ("tickets", {"redact": ["secret"], "actions": ["update", "delete"]}),
    ("payments", {}),
    ("attendance_checks", {}),
)


def audited_without_user():
    operations = []
    for table, options in AUDITED:
        before = audited(table, **options)
        operations += [migrations.RunSQL(one.reverse_sql, one.sql) for one in before]
        operations += audited(table, ignore=["user_id"], **options)
    return operations


def organizer(model):
    return migrations.AddField(model, "organizer_id", models.UUIDField(editable=False, null=True))


def user(model):
    return migrations.AddField(
        model,
        "user",
        models.ForeignKey(
            db_constraint=False,
            db_index=False,
            editable=False,
            null=True,
            on_delete=django.db.models.deletion.DO_NOTHING,
            related_name="+",
            to=settings.AUTH_USER_MODEL,
        ),
    )


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0021_refuse_sold_out"),
        ("events", "0030_organizers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    # Tables in the order in which a booking writes to them.
    operations = [
        organizer("booking"),
        organizer("ticket"),
        user("ticket"),
        organizer("bookingattempt"),
        organizer("payment"),
        user("payment"),
        organizer("attendancecheck"),
        user("attendancecheck"),
        organizer("tickettransfer"),
        organizer("archivedbooking"),
        replace_function("bookings", "owners_set", version=1, previous=None),
        replace_function("bookings", "owners_kept", version=1, previous=None),
        replace_function("bookings", "tickets_for_new", version=2, previous=1),
        replace_function("bookings", "tickets_for_changed", version=2, previous=1),
        replace_function("bookings", "attendance_insert", version=2, previous=1),
        organizer_triggers("bookings", foreign_key="fk_bookings_event"),
        organizer_triggers("booking_attempts", foreign_key="fk_booking_attempts_event"),
        organizer_triggers("ticket_transfers"),
        organizer_triggers("bookings_archive", foreign_key="fk_bookings_archive_event"),
        migrations.RunSQL(OWNERS, NO_OWNERS),
        *audited_without_user(),
    ]
