"""Whether a person is told something, and how: the one place that decides.

A user's `preferences` are by kind, as `{"waitlist_join": {"email": false}}`, or for all kinds
under `all`. What they have turned off for one event is in `event_mutes`, by category and channel. A
waitlist entry's `notify_prefs` apply to messages about that entry, as `{"email": false}`. A channel
is wanted unless it was turned off. Kinds that are always sent (`Kind.needed_for`) ignore all of it.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from evently.accounts.preference_names import PreferenceNames
from notifications.kinds import EVENT_CATEGORIES, KINDS, Kind
from notifications.models import Channel

ALL = "all"

# Of one person and event: what is turned off, as (category, channel).
Muted = Collection[tuple[str, str]]


def preference_names() -> PreferenceNames:
    """Return what preferences may name."""
    return PreferenceNames(
        types=(ALL, *KINDS),
        always_sent={
            kind.name: str(need.label)
            for kind in KINDS.values()
            if (need := kind.needed_for) is not None
        },
        channels=Channel.values,
    )


def wanted_channels(
    channels: list[str],
    kind: Kind,
    *,
    preferences: Mapping[str, Any],
    entry_preferences: Mapping[str, Any],
    muted: Muted = (),
) -> list[str]:
    """Return those of a message's channels that the user wants, in their order.

    muted: for the message's event; needed where `is_mutable` says so.
    """
    if kind.is_always_sent:
        return list(channels)
    return [
        channel
        for channel in channels
        if is_wanted(channel, kind, preferences)
        and _answer(entry_preferences, channel) is not False
        and (kind.category.value, channel) not in muted
    ]


def is_wanted(channel: str, kind: Kind, preferences: Mapping[str, Any]) -> bool:
    """Tell whether a user's preferences leave a channel on; the kind's own come before `all`."""
    if kind.is_always_sent:
        return True
    for name in (kind.name, ALL):
        part = preferences.get(name)
        answer = _answer(part, channel) if isinstance(part, Mapping) else None
        if answer is not None:
            return answer
    return True


def is_mutable(kind: Kind) -> bool:
    """Tell whether a kind can be turned off for one event."""
    return kind.category in EVENT_CATEGORIES and not kind.is_always_sent


def changed(
    preferences: Mapping[str, Any], kinds: Iterable[Kind], channel: str, *, wanted: bool
) -> dict[str, Any]:
    """Return preferences with a channel of some kinds turned on or off; everything else stays.

    Kinds that are always sent are left out.
    """
    merged = dict(preferences)
    for kind in kinds:
        if not kind.is_always_sent:
            part = merged.get(kind.name)
            others = part if isinstance(part, dict) else {}
            merged[kind.name] = {**others, Channel(channel).value: wanted}
    return merged


def _answer(preferences: Mapping[str, Any], channel: str) -> bool | None:
    """Return what preferences hold for a channel, or None for nothing or no boolean."""
    answer = preferences.get(Channel(channel).value)
    return answer if isinstance(answer, bool) else None
