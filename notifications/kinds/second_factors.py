"""Notifications about the second factors of an account; by email only, as for passwords.

The name of a passkey and the reason of a reset are the user's data, so they are read when the email
is written, and are not in the notification.
"""

from django.conf import settings
from django.urls import reverse

from evently.accounts.models import SecondFactorReset, User
from evently.accounts.signals import SecondFactorChange
from evently.database.ids import uuid7
from evently.formatting import as_sentence, counted
from evently.links import absolute
from notifications.emails.email_content import EmailContent, call_to_action
from notifications.kinds.base import EMAIL_ONLY, Category, Kind, Message, Urgency
from notifications.models import Notification

# By change: heading and text.
WORDS: dict[str | None, tuple[str, str]] = {
    SecondFactorChange.APP_ADDED: (
        "An authenticator app was set up",
        "Logging in now asks for a code of an authenticator app.",
    ),
    SecondFactorChange.APP_REMOVED: (
        "The authenticator app was removed",
        "Logging in no longer asks for a code of the authenticator app.",
    ),
    SecondFactorChange.PASSKEY_ADDED: (
        "A passkey was added",
        "A new passkey can be used to log in.",
    ),
    SecondFactorChange.PASSKEY_REMOVED: (
        "A passkey was removed",
        "A passkey can no longer be used to log in.",
    ),
    SecondFactorChange.CODES_MADE: (
        "You have new recovery codes",
        "New recovery codes were made. Earlier ones no longer work.",
    ),
    SecondFactorChange.CODE_USED: (
        "A recovery code was used",
        "A recovery code was used in place of the authenticator app or passkey.",
    ),
    SecondFactorChange.GUESSED: (
        "Someone may know your password",
        "Someone entered your password, or opened a login link of yours, and then several wrong "
        "codes. They are not logged in, and have to wait now.",
    ),
    SecondFactorChange.RESET: (
        "Two-step login was reset",
        "An administrator removed the second factors of your account and logged you out "
        "everywhere.",
    ),
}
# Of a change that this release does not know: a later one has noted it.
CHANGED = "Two-step login of your account has changed"
NOT_YOU = "If it was not you, change your password at once, and check your sessions."


def second_factor_changed(
    user: User,
    change: SecondFactorChange,
    *,
    left: int = 0,
    reset: SecondFactorReset | None = None,
) -> Message:
    """Notify a user of what happened to their second factors.

    left: unused recovery codes, after one was used. reset: by an administrator.
    """
    _, text = WORDS[change]
    if change == SecondFactorChange.RESET and not user.is_guest:
        text += " Your password stays as it is."
    if change == SecondFactorChange.CODE_USED:
        text += (
            f" You have {counted(left, 'code')} left."
            if left
            else " It was your last one. Get new codes, so that you can log in without your phone."
        )
    data: dict[str, object] = {"change": change.value}
    if reset is not None:
        data["reset"] = reset.pk
    return SECOND_FACTOR_CHANGED.message(
        user_id=user.pk,
        key=f"second_factor_changed:{uuid7()}",
        text=f"{text} This is about your account at {settings.SITE_NAME}.",
        data=data,
    )


def _write(notification: Notification, user: User) -> EmailContent:
    change = notification.data.get("change")
    heading, _ = WORDS.get(change, (CHANGED, ""))
    text = notification.message
    if reason := _reason(notification, user):
        text += f" The reason given: {as_sentence(reason)}"
    if change == SecondFactorChange.RESET:
        contact = settings.SITE_CONTACT or "the administrators of this site"
        text += (
            f" Please set up two-step login again. If you did not ask for this, contact {contact}."
        )
    else:
        text += f" {NOT_YOU}"
    return call_to_action(
        heading=heading,
        text=text,
        button_text="Show two-step login",
        button_url=absolute(reverse("security")),
    )


def _reason(notification: Notification, user: User) -> str:
    reset_id = notification.data.get("reset")
    reset = reset_id and SecondFactorReset.objects.filter(pk=reset_id, user=user).first()
    return (reset and user.key and user.key.open("reset_reason", reset.reason)) or ""


SECOND_FACTOR_CHANGED = Kind(
    name="second_factor_changed",
    label="Two-step login changed",
    category=Category.ACCOUNT,
    urgency=Urgency.URGENT,
    channels=EMAIL_ONLY,
    write_email=_write,
)
