"""How long bookings and what belongs to them are kept."""

from evently.lifecycle import cold
from evently.lifecycle.archiving import by_event
from evently.lifecycle.cold import Cold
from evently.lifecycle.expiring import expiring, old_rows
from evently.lifecycle.registry import LAST, SECOND, THIRD, Kept, Period, Rule, register
from events.retention import long_over

ATTEMPTS = Period("the attempt", days=90)
ARCHIVED = Period("the end of the event", years=1)
LEAVES = Period("the end of the event", years=2)
FILES = Period("the end of the month in which the event ended", years=7)
ACCOUNTING = "Accounting records (Art. 6 (1) c GDPR, tax law)"

ARCHIVE = Cold(
    "bookings_archive",
    at="ended_at",
    interval=LEAVES.interval,
    years=FILES.years,
    order="ended_at",
    person="user_id",
    sealed=("cancel_reason",),
)
# Offers refer to bookings: they are archived first.
find_events, count_bookings = long_over(
    "bookings",
    ARCHIVED.interval,
    condition="NOT EXISTS (SELECT FROM waitlist_promotions WHERE event_id = e.id)",
)

register(
    Rule(
        name="attempts",
        table="booking_attempts",
        data="Attempts to book, with IP address and browser",
        period=ATTEMPTS,
        then="deleted",
        how="in batches, oldest first",
        ground="Legitimate interest in stopping abuse, and in the demand for seats"
        " (Art. 6 (1) f GDPR)",
        due=lambda: old_rows("booking_attempts", "attempted_at", ATTEMPTS.interval),
        work=expiring("booking_attempts"),
    ),
    Rule(
        name="archive_bookings",
        table="bookings",
        data="Bookings with their tickets, payments, transfers of tickets, and answers to whether"
        " the attendees are still coming",
        period=ARCHIVED,
        then="moved to the archive, where lists, exports and figures still find them",
        how="one transaction for each event; without the codes of tickets, and without name and"
        " address of people who were handed one",
        ground=f"Contract (Art. 6 (1) b GDPR), then {ACCOUNTING[0].lower()}{ACCOUNTING[1:]}",
        due=count_bookings,
        work=by_event("archive_bookings", "evently_archive_bookings", find_events),
        order=SECOND,
    ),
    Rule(
        name="cold_bookings",
        table="bookings_archive",
        data="Archived bookings",
        period=LEAVES,
        then="moved to cold storage, where the file of all data about a person still finds them,"
        " and lists do not; their totals stay in the figures of the event",
        how="a signed file for each month; free text in it is sealed under the person’s key",
        ground=ACCOUNTING,
        due=ARCHIVE.due,
        work=ARCHIVE.work,
        order=THIRD,
    ),
    Rule(
        name="cold_files",
        table="cold_files",
        data="Files in cold storage",
        period=FILES,
        then="deleted, with a line in the audit log; files of other data after the time of their"
        " own rule",
        how="file by file, then its row in the list",
        ground=ACCOUNTING,
        due=cold.files_due,
        work=cold.delete_old_files,
        order=LAST,
    ),
    Kept("tickets", "They go to the archive with their booking."),
    Kept("payments", "They go to the archive with their booking."),
    Kept("ticket_transfers", "They go to the archive with their booking."),
    Kept("attendance_checks", "They go to the archive with their booking."),
    Kept("archived_totals", "Sums of an event’s bookings in cold storage, without people."),
    Kept("secrets.booking_reference_key", "The key that booking references are made with."),
)
