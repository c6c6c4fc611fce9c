"""Save what an organizer adds to the emails about an event."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F

from evently.errors import EditedMeanwhile, Invalid
from evently.person_names import has_web_address
from evently.privacy.addresses import AddressInvalid, clean_address
from evently.transactions import refusing, run_in_transaction
from evently.visible_text import clean_line, has_controls, in_looks, is_visible
from events.contact import may_get_replies
from events.models import Event
from notifications.emails.checking import check_own_text
from notifications.emails.event_texts import allowed_in
from notifications.event_email_models import (
    MOST_OWN_TEXT,
    MOST_SENDER_NAME,
    EventEmail,
    Picture,
)
from notifications.logo_models import EventLogo
from notifications.operations.event_logos import LogoChange, save_logo
from notifications.template_models import TemplateType

FORBIDDEN_IN_NAMES = frozenset('@<>"\\')
REPLY_TO_UNKNOWN = (
    "Enter the confirmed address of the organizer or of a manager of this event, so that nobody "
    "else gets the replies of your attendees."
)

LOGO_MISSING = "There is no logo yet. Choose a file for it below."


class EventEmailInvalid(Invalid):
    """fields: sentences by the names of the columns."""

    code = "event_email_invalid"
    message = "These texts have errors, so they were not saved."


class TextsEditedMeanwhile(EditedMeanwhile):
    message = "Another person has changed these texts in the meantime."


def check_texts(
    event: Event,
    type_: TemplateType | None,
    given: dict[str, str],
    *,
    logo: LogoChange | None = None,
) -> dict[str, str]:
    """Return what an organizer entered, cleaned, by the names of `EventEmail.TEXTS`.

    event: with its organizer. logo: what is to become of the event's logo; None: it stays. Raises
    EventEmailInvalid.
    """
    problems: dict[str, str] = {}
    found = {name: given.get(name, "").replace("\r\n", "\n").strip() for name in EventEmail.TEXTS}
    for name in ("above", "below"):
        problem = check_own_text(found[name], most=MOST_OWN_TEXT, allowed=allowed_in(type_))
        if problem:
            problems[name] = problem
    # Before it is cleaned, as line breaks are no spaces; all else is asked of what is stored.
    is_line = not has_controls(found["sender_name"])
    found["sender_name"] = clean_line(found["sender_name"])
    if problem := _problem_of_name(found["sender_name"], is_line=is_line):
        problems["sender_name"] = problem
    if found["reply_to"]:
        try:
            found["reply_to"] = clean_address(found["reply_to"])
        except AddressInvalid as error:
            problems["reply_to"] = error.text
        else:
            if not may_get_replies(event, found["reply_to"]):
                problems["reply_to"] = REPLY_TO_UNKNOWN
    found["picture"] = _picture_without(logo, found["picture"])
    if problem := _problem_of_picture(found["picture"], event, logo):
        problems["picture"] = problem
    if problems:
        raise EventEmailInvalid(fields=problems)
    return found


def save_texts(
    *,
    event: Event,
    type_: TemplateType | None,
    given: dict[str, str],
    version: int,
    logo: LogoChange | None = None,
) -> EventEmail | None:
    """Save the texts for emails of a type, or of all; None where nothing is left of them.

    version: that of the row that was edited, 0 for none. logo: as in `check_texts`; all is saved or
    nothing. Raises EventEmailInvalid, TextsEditedMeanwhile, LogoEditedMeanwhile.
    """
    found = check_texts(event, type_, given, logo=logo)

    def write() -> EventEmail | None:
        saved = _write(event.pk, type_, found, version=version)
        if logo is not None:
            save_logo(event.pk, logo)
        return saved

    return run_in_transaction(write)


def _picture_without(change: LogoChange | None, picture: str) -> str:
    """Return a picture, none if it is a logo that is being removed."""
    is_removed = change is not None and change.logo is None
    return Picture.AS_ALL.value if is_removed and picture == Picture.LOGO else picture


def _problem_of_picture(picture: str, event: Event, change: LogoChange | None) -> str:
    """Return what is wrong with a picture, or ""."""
    if picture not in Picture.values:
        return "Choose one of the pictures."
    if picture != Picture.LOGO:
        return ""
    has_logo = change is not None or EventLogo.objects.filter(event_id=event.pk).exists()
    return "" if has_logo else LOGO_MISSING


def _write(
    event_id: UUID, type_: TemplateType | None, found: dict[str, Any], *, version: int
) -> EventEmail | None:
    rows = EventEmail.objects.filter(event_id=event_id, template_type=type_)
    if type_ is None:
        rows = EventEmail.objects.filter(event_id=event_id, template_type__isnull=True)
    is_empty = not any(found.values())
    if not version:
        if is_empty and not rows.exists():
            return None
        with refusing(unq_event_email=TextsEditedMeanwhile):
            return EventEmail.objects.create(event_id=event_id, template_type=type_, **found)
    known = rows.filter(version=version)
    if is_empty:
        changed, _ = known.delete()
    else:
        changed = known.update(version=F("version") + 1, failed_at=None, failure="", **found)
    if not changed:
        raise TextsEditedMeanwhile
    return rows.first()


def _problem_of_name(name: str, *, is_line: bool) -> str:
    """Return what is wrong with a sender's name, or ""."""
    if not name and is_line:
        return ""
    if not is_line or not is_visible(name):
        return "Enter a single line without invisible characters."
    # What looks encoded is decoded by email clients, to whatever it hides.
    if FORBIDDEN_IN_NAMES & set(name) or "=?" in name:
        return 'Enter a name without @, <, >, ", \\ and =?.'
    if len(name) > MOST_SENDER_NAME:
        return f"Enter at most {MOST_SENDER_NAME} characters."
    if has_web_address(name):
        return "Enter a name without a web address."
    site = in_looks(settings.SITE_NAME)
    if site and site in in_looks(name):
        return f"Enter your own name: only this site’s own emails come from {settings.SITE_NAME}."
    return ""
