"""Turn messages about an event on and off, for one person."""

from collections.abc import Mapping
from uuid import UUID

from evently.transactions import run_in_transaction
from events.locks import EventNotFound
from events.models import Event
from notifications.kinds import EVENT_CATEGORIES
from notifications.models import Channel
from notifications.mute_models import EventMute

# By category and channel: whether it is wanted.
Switches = Mapping[str, Mapping[str, bool]]


def switches_of(*, user_id: UUID, event_id: UUID) -> dict[str, dict[str, bool]]:
    """Return what a person wants to hear of an event, beside the preferences for all events."""
    found = EventMute.objects.filter(user_id=user_id, event_id=event_id)
    muted = set(found.values_list("category", "channel"))
    return {
        category.value: {
            channel: (category.value, channel) not in muted for channel in Channel.values
        }
        for category in EVENT_CATEGORIES
    }


def switch(*, user_id: UUID, event_id: UUID, switches: Switches) -> dict[str, dict[str, bool]]:
    """Turn categories of messages about an event on or off; return all as they are then.

    switches: by category and channel; what is not named stays. Raises EventNotFound.
    """
    return run_in_transaction(
        lambda: switch_now(user_id=user_id, event_id=event_id, switches=switches)
    )


def switch_now(*, user_id: UUID, event_id: UUID, switches: Switches) -> dict[str, dict[str, bool]]:
    """Do `switch` in the caller's transaction."""
    if not Event.objects.filter(pk=event_id).exists():
        raise EventNotFound
    mutes = EventMute.objects.filter(user_id=user_id, event_id=event_id)
    off = []
    for category, channels in switches.items():
        for channel, wanted in channels.items():
            if wanted:
                mutes.filter(category=category, channel=channel).delete()
            else:
                off.append(
                    EventMute(
                        user_id=user_id, event_id=event_id, category=category, channel=channel
                    )
                )
    # One that is off already stays as it is.
    EventMute.objects.bulk_create(off, ignore_conflicts=True)
    return switches_of(user_id=user_id, event_id=event_id)


def forget_mutes(*, user_id: UUID) -> int:
    """Delete what a person has turned off, in the transaction that erases the person."""
    deleted, _ = EventMute.objects.filter(user_id=user_id).delete()
    return deleted
