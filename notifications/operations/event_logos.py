"""Save, replace and remove the logo in the emails about an event."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import F

from evently.errors import EditedMeanwhile
from evently.transactions import refusing
from notifications.emails.logos import Logo
from notifications.event_email_models import EventEmail, Picture
from notifications.logo_models import EventLogo


class LogoEditedMeanwhile(EditedMeanwhile):
    message = "Another person has changed the logo in the meantime."


@dataclass(frozen=True)
class LogoChange:
    """logo: the new one, None to remove it. version: of the one that it replaces, 0 for none."""

    logo: Logo | None
    version: int = 0


def save_logo(event_id: UUID, change: LogoChange) -> None:
    """Save or remove an event's logo, inside the caller's transaction.

    Without it, emails that showed it have no picture, or that of all. Raises LogoEditedMeanwhile.
    """
    known = EventLogo.objects.filter(event_id=event_id, version=change.version)
    if change.logo is None:
        changed, _ = known.delete()
        _show_no_longer(event_id)
    elif change.version:
        changed = known.update(version=F("version") + 1, **_columns(change.logo))
    else:
        with refusing(unq_event_logo=LogoEditedMeanwhile):
            EventLogo.objects.create(event_id=event_id, **_columns(change.logo))
        return
    if not changed:
        raise LogoEditedMeanwhile


def _columns(logo: Logo) -> dict[str, object]:
    return {
        "content": logo.content,
        "content_type": logo.content_type,
        "width": logo.width,
        "height": logo.height,
        "digest": logo.digest,
    }


def _show_no_longer(event_id: UUID) -> None:
    rows = EventEmail.objects.filter(event_id=event_id, picture=Picture.LOGO)
    for row in rows:
        row.picture = Picture.AS_ALL
        own = EventEmail.objects.filter(event_id=event_id, pk=row.pk)
        if any(getattr(row, name) for name in EventEmail.TEXTS):
            own.update(picture=row.picture, version=F("version") + 1)
        else:
            own.delete()
