"""What the privacy notice says of each rule, for attendees."""

from collections.abc import Mapping
from dataclasses import dataclass

from evently.lifecycle.registry import Rule, rules

# Which tables a group is about; all others are about security and operation.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "Bookings and waitlists": (
        "bookings",
        "bookings_archive",
        "cold_files",
        "waitlists",
        "waitlists_archive",
    ),
    "Messages": ("notifications", "email_delivery_log", "email_resends", "message_keys"),
    "Your account": ("users", "django_session", "api_tokens", "email_changes", "email_requests"),
}
OTHERS = "Security and operation"


@dataclass(frozen=True)
class Notice:
    """One kind of data. until: when; then: what happens."""

    data: str
    until: str
    then: str
    ground: str


def groups() -> list[tuple[str, list[Notice]]]:
    """Return the groups of the notice with the rules about people, by the order of GROUPS."""
    found: dict[str, list[Notice]] = {title: [] for title in (*GROUPS, OTHERS)}
    for rule in rules():
        if rule.personal:
            found[_group(rule)].append(_notice(rule))
    return [(title, notices) for title, notices in found.items() if notices]


def _group(rule: Rule) -> str:
    return next((title for title, tables in GROUPS.items() if rule.table in tables), OTHERS)


def _notice(rule: Rule) -> Notice:
    until = str(rule.period)
    return Notice(rule.data, until[0].lower() + until[1:], rule.then, rule.ground)
