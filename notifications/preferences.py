"""Which ways a person wants a message.

A person's `preferences` say it by message type, as `{"waitlist_join": {"email": false}}`, or for
all types under `all`; a waitlist entry's `notify_prefs` say it for what concerns that entry, as
`{"email": false}`. What nobody said is wanted. Mails that an account cannot work without, and the
welcome that asks to verify the address, always go.
"""

from collections.abc import Mapping
from typing import Any

from notifications.models import Channel, MessageType, Notification

ALWAYS_MAILED = (MessageType.WELCOME,)


def wanted_channels(
    notification: Notification,
    *,
    preferences: Mapping[str, Any],
    entry_preferences: Mapping[str, Any],
) -> list[str]:
    """Return the channels of a message that the person wants, in their order."""
    if notification.is_account_mail or notification.type in ALWAYS_MAILED:
        return list(notification.channels)
    return [
        channel
        for channel in notification.channels
        if _wants(channel, _part(preferences, notification.type), _part(preferences, "all"))
        and _wants(channel, entry_preferences)
    ]


def _part(preferences: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = preferences.get(name)
    return part if isinstance(part, Mapping) else {}


def _wants(channel: str, *said: Mapping[str, Any]) -> bool:
    """Tell whether a channel is wanted; whoever speaks first decides."""
    for preferences in said:
        answer = preferences.get(Channel(channel).value)
        if isinstance(answer, bool):
            return answer
    return True
