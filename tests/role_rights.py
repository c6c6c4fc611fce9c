"""What each of the database's roles may do with which rows, written out by hand.

The policies say the same in SQL (`policies.py` of each app); this table is what they are compared
with. Where a role is not listed, the visitor, attendee and organizer may do nothing with a table,
the worker and the superuser everything.

own: rows of the person themselves, a ticket also of the one it was handed to. events: rows of
events that they organize or manage. organized: rows of events that they organize. public: rows of
published events. met: accounts of people at those events. by: rows that say that the person made
them. -: none; +: either; &: both.
"""

from tests.walked_world import EVENTS, MANAGED, UNPUBLISHED, Row, World

# Verbs in the order of the columns.
VERBS = ("select", "insert", "update", "delete")

RIGHTS = """
table                   role       select             insert      update      delete

users                   attendee   own                -           own         -
users                   organizer  own+met            -           own         -
keys.person_keys        attendee   own                -           -           -
keys.person_keys        organizer  own+met            -           -           -
api_tokens              attendee   own                own         own         own
api_tokens              organizer  own                own         own         own
data_exports            attendee   own                own         -           -
data_exports            organizer  own                own         -           -
data_export_parts       attendee   own                -           -           -
data_export_parts       organizer  own                -           -           -
email_changes           attendee   own                own         own         own
email_changes           organizer  own                own         own         own
totp_factors            attendee   own                own         own         own
totp_factors            organizer  own                own         own         own
passkeys                attendee   own                own         own         own
passkeys                organizer  own                own         own         own
recovery_codes          attendee   own                own         own         own
recovery_codes          organizer  own                own         own         own
second_factor_resets    attendee   own                -           -           -
second_factor_resets    organizer  own                -           -           -
user_sessions           attendee   own                -           -           own
user_sessions           organizer  own                -           -           own
idempotency_keys        attendee   own                own         own         own
idempotency_keys        organizer  own                own         own         own
audit_log               organizer  events             -           -           -
audit_log               worker     all                -           -           -
audit_log               superuser  all                -           -           -

events                  visitor    public             -           -           -
events                  attendee   public+own         -           -           -
events                  organizer  public+events      organized   events      events
event_staff             attendee   own                -           -           -
event_staff             organizer  own+events         events      events      events
event_words             visitor    all                -           -           -
event_words             attendee   all                -           -           -
event_words             organizer  all                -           -           -
search_words            visitor    all                -           -           -
search_words            attendee   all                -           -           -
search_words            organizer  all                -           -           -
pricing_history         visitor    public             -           -           -
pricing_history         attendee   public             -           -           -
pricing_history         organizer  public+events      -           -           -
price_bounds            visitor    public             -           -           -
price_bounds            attendee   public             -           -           -
price_bounds            organizer  public+events      -           -           -
pricing_rules           organizer  events             events      events      -
event_analytics         organizer  events             -           -           -
event_lost_demand       organizer  events             -           -           -
lost_demand_states      organizer  events             -           -           -
roll_ups                organizer  all                -           -           -
event_imports           attendee   own                -           -           -
event_imports           organizer  own                own         own         own
event_import_rows       attendee   own                -           -           -
event_import_rows       organizer  own                own         own         own

bookings                attendee   own                own         own         -
bookings                organizer  own+events         own+events  own+events  -
bookings_archive        attendee   own                -           -           -
bookings_archive        organizer  own+events         -           -           -
archived_totals         organizer  events             -           -           -
archived_totals         worker     all                -           -           -
archived_totals         superuser  all                -           -           -
booking_attempts        attendee   own                own         -           -
booking_attempts        organizer  own+events         own+events  -           -
tickets                 attendee   own                booker      own         -
tickets                 organizer  own+events         booker+events  own+events  -
ticket_transfers        attendee   own                booker      own         -
ticket_transfers        organizer  own+events         booker+events  own+events  -
payments                attendee   own                -           -           -
payments                organizer  own+events         events      -           -
attendance_checks       attendee   own                -           own         -
attendance_checks       organizer  own+events         events      own+events  -

waitlists               attendee   own                own         own         -
waitlists               organizer  own+events         own         own+events  -
waitlists_archive       attendee   own                -           -           -
waitlists_archive       organizer  own+events         -           -           -
waitlist_promotions     attendee   own                -           own         -
waitlist_promotions     organizer  own+events         events      own+events  -
lines                   visitor    all                -           -           -
lines                   attendee   all                -           -           -
lines                   organizer  all                -           -           -
lines                   worker     all                -           -           -
lines                   superuser  all                -           -           -
line_events             visitor    all                -           -           -
line_events             attendee   all                -           -           -
line_events             organizer  all                -           -           -
line_events             worker     all                -           -           -
line_events             superuser  all                -           -           -
draws                   visitor    all                -           -           -
draws                   attendee   all                -           -           -
draws                   organizer  all                events      events      -

notifications           attendee   own                own         own         -
notifications           organizer  own                own         own         -
email_delivery_log      attendee   own                -           -           -
email_delivery_log      organizer  own+events         -           events      -
email_resends           attendee   own                own&by      -           -
email_resends           organizer  own+events         own&by+events&by -           -
email_returns           attendee   own                -           -           -
email_returns           organizer  own+events         -           -           -
email_attempts          attendee   own                -           -           -
email_attempts          organizer  own+events         -           -           -
resend_runs             attendee   own                -           -           -
resend_runs             organizer  own+events         own&events  -           -
sent_emails             attendee   own                -           -           -
sent_emails             organizer  own+events         -           -           -
suppressions            attendee   own                -           -           -
suppressions            organizer  own                -           -           -
organizer_messages      attendee   by                 -           -           -
organizer_messages      organizer  events+by          events&by   events      events
message_keys            attendee   own                own         -           -
message_keys            organizer  own                own         -           -
announcements           organizer  events             events      -           -
event_mutes             attendee   own                own         -           own
event_mutes             organizer  own                own         -           own
mailings                organizer  events             -           -           -
event_emails            organizer  events             events      events      events
event_logos             organizer  events             events      events      events
email_templates         attendee   all                -           -           -
email_templates         organizer  all                -           -           -

django_session          visitor    -                  -           -           -
django_session          superuser  -                  -           -           -
django_content_type     organizer  all                -           -           -
django_content_type     worker     all                -           -           -
django_content_type     superuser  all                -           -           -
django_migrations       visitor    all                -           -           -
django_migrations       worker     all                -           -           -
django_migrations       superuser  all                -           -           -
auth_permission         organizer  all                -           -           -
auth_group              organizer  all                -           -           -
auth_group_permissions  organizer  all                -           -           -
django_admin_log        organizer  own                own         -           -
"""

# Views, each with the tables whose rows it gives, as far as a role may read those.
VIEWS = {"bookings_with_archived": ("bookings", "bookings_archive")}

# Tables of the release's own rows, which name neither people nor events.
SHARED = {
    "auth_permission",
    "django_content_type",
    "django_migrations",
    "email_templates",
    "erasure_register",
    "search_words",
}


def _read() -> dict[tuple[str, str], dict[str, frozenset[str]]]:
    found = {}
    for line in RIGHTS.split("\n")[2:]:
        if line:
            table, role, *scopes = line.split()
            key = (table, f"evently_{role}")
            assert key not in found, line
            found[key] = {
                verb: frozenset(scope.split("+")) - {"-"}
                for verb, scope in zip(VERBS, scopes, strict=True)
            }
    return found


_RIGHTS = _read()
TABLES = {table for table, _ in _RIGHTS}
_NOTHING = dict.fromkeys(VERBS, frozenset[str]())
_EVERYTHING = dict.fromkeys(VERBS, frozenset({"all"}))


def scopes(table: str, role: str) -> dict[str, frozenset[str]]:
    """Return the scopes of a role's rights on a table, by verb."""
    is_trusted = role in ("evently_worker", "evently_superuser")
    return _RIGHTS.get((table, role), _EVERYTHING if is_trusted else _NOTHING)


def allows(table: str, role: str, verb: str, row: Row, person: str | None, world: World) -> bool:
    """Tell whether a role, taken for a person, has a right to a row."""
    return any(is_in(scope, row, person, world) for scope in scopes(table, role)[verb])


def is_in(scope: str, row: Row, person: str | None, world: World) -> bool:
    """Tell whether a row belongs to a scope of a person's rights."""
    if "&" in scope:
        return all(is_in(part, row, person, world) for part in scope.split("&"))
    if scope == "all":
        return True
    if scope == "by":
        return row.by == person
    if scope == "public":
        return row.event is not None and row.event not in UNPUBLISHED
    if scope == "own":
        return person in row.people
    if scope == "booker":
        return bool(row.people) and person == row.booker
    if scope == "events":
        return row.event in MANAGED.get(person or "", ())
    if scope == "organized":
        return row.event is not None and EVENTS[row.event] == person
    assert scope == "met", scope
    return bool(row.people & world.everybody_at(person or ""))
