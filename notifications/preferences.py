"""Which channels a user wants a message through.

A user's `preferences` are by kind, as `{"waitlist_join": {"email": false}}`, or for all kinds
under `all`; a waitlist entry's `notify_prefs` apply to messages about that entry, as
`{"email": false}`. A channel is wanted unless it was turned off. Kinds of a category that is always
sent ignore preferences.
"""

from collections.abc import Mapping
from typing import Any

from evently.accounts.preference_names import PreferenceNames
from notifications.kinds import KINDS, Kind
from notifications.models import Channel

ALL = "all"


def preference_names() -> PreferenceNames:
    """Return what preferences may name."""
    return PreferenceNames(
        types=(ALL, *KINDS),
        always_sent=[kind.name for kind in KINDS.values() if kind.category.is_always_sent],
        channels=Channel.values,
    )


def wanted_channels(
    channels: list[str],
    kind: Kind,
    *,
    preferences: Mapping[str, Any],
    entry_preferences: Mapping[str, Any],
) -> list[str]:
    """Return those of a message's channels that the user wants, in their order."""
    if kind.category.is_always_sent:
        return list(channels)
    return [
        channel
        for channel in channels
        if is_wanted(channel, kind, preferences)
        and _answer(entry_preferences, channel) is not False
    ]


def is_wanted(channel: str, kind: Kind, preferences: Mapping[str, Any]) -> bool:
    """Tell whether a user's preferences leave a channel on; the kind's own come before `all`."""
    for name in (kind.name, ALL):
        part = preferences.get(name)
        answer = _answer(part, channel) if isinstance(part, Mapping) else None
        if answer is not None:
            return answer
    return True


def _answer(preferences: Mapping[str, Any], channel: str) -> bool | None:
    """Return what preferences hold for a channel, or None for nothing or no boolean."""
    answer = preferences.get(Channel(channel).value)
    return answer if isinstance(answer, bool) else None
