"""What the privacy notice says of each rule, for attendees; and the groups of rules."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

from evently.lifecycle.registry import Rule, kept, rules

# Which tables a group is about; all others are about security and operation.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "Your account": (
        "keys.person_keys",
        "users",
        "django_session",
        "user_sessions",
        "passkeys",
        "api_tokens",
        "email_changes",
        "email_requests",
        "data_exports",
    ),
    "Bookings and waitlists": (
        "bookings",
        "bookings_archive",
        "waitlists",
        "waitlists_archive",
        "line_events",
        "cold_files",
    ),
    "Messages": (
        "notifications",
        "notifications_default",
        "email_delivery_log",
        "email_resends",
        "email_returns",
        "email_attempts",
        "sent_emails",
        "resend_runs",
        "suppressions",
        "event_mutes",
        "organizer_messages",
        "message_keys",
    ),
}
EVENTS = ("pricing_history", "event_imports")
LISTED = [*(table for tables in GROUPS.values() for table in tables), *EVENTS]
OTHERS = "Security and operation"
# What is in server logs about a request, by LOG_CLIENT.
LOGGED = {"full": "IP addresses of requests", "truncated": "shortened IP addresses of requests"}


@dataclass(frozen=True)
class Notice:
    """One kind of data. until: when; then: what happens, "" where that is all."""

    data: str
    until: str
    then: str
    ground: str


def groups() -> list[tuple[str, list[Notice]]]:
    """Return the groups of the notice with what is about people, by the order of GROUPS."""
    found: dict[str, list[Notice]] = {title: [] for title in (*GROUPS, OTHERS)}
    entries = [
        *((one.table, Notice(one.data, one.until, "", one.ground)) for one in kept() if one.data),
        *((rule.table, _notice(rule)) for rule in rules() if rule.personal),
    ]
    for table, notice in sorted(entries, key=lambda entry: _place(entry[0])):
        found[_group(table)].append(notice)
    found[OTHERS].append(_logs())
    return [(title, notices) for title, notices in found.items() if notices]


def rule_groups() -> list[tuple[str, list[Rule]]]:
    """Return all rules in groups, for organizers; those of one table follow each other."""
    titles = {"Your account": "Accounts"}
    found: dict[str, list[Rule]] = {title: [] for title in (*GROUPS, "Events", OTHERS)}
    for rule in sorted(rules(), key=lambda rule: _place(rule.table)):
        found["Events" if rule.table in EVENTS else _group(rule.table)].append(rule)
    return [(titles.get(title, title), ruled) for title, ruled in found.items() if ruled]


def _group(table: str) -> str:
    return next((title for title, tables in GROUPS.items() if table in tables), OTHERS)


def _place(table: str) -> int:
    """Return where a table is listed."""
    return LISTED.index(table) if table in LISTED else len(LISTED)


def _notice(rule: Rule) -> Notice:
    until = str(rule.period)
    return Notice(rule.data, until[0].lower() + until[1:], rule.then, rule.ground)


def _logs() -> Notice:
    addresses = LOGGED.get(settings.LOG_CLIENT)
    return Notice(
        f"Server logs, with {addresses + ' and ' if addresses else ''}ids of accounts",
        "for as long as the operator of this site keeps its logs",
        "",
        "Legitimate interest in secure operation (Art. 6 (1) f GDPR)",
    )
