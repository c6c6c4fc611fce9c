"""What the pages of drafts share: how a preview is chosen, and the answer that a frame shows."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import get_current_timezone
from unfold.widgets import UnfoldAdminSelectWidget

from evently.accounts.models import User
from evently.enqueue import enqueue_on_commit
from evently.errors import DomainError, Invalid
from evently.formatting import moment
from notifications.emails.drafts import Draft, draft_email, own_messages
from notifications.emails.preview_pages import (
    DARK,
    HTML,
    LIGHT,
    TEXT,
    chosen,
    email_frame,
    problem_frame,
)
from notifications.models import Notification
from notifications.operations.trying import check_test
from notifications.tasks import send_test_email
from notifications.template_models import TemplateType

ANSWER, SAVE, TEST = "answer", "save", "test"
SAMPLE = ""
# Label and width in pixels, as the style sheet has them.
WIDTHS = (("700", "Desktop"), ("390", "Phone"), ("320", "Small phone"))


class PreviewForm(forms.Form):
    """On what a draft is shown, and how. Its fields are read one by one, as all have defaults."""

    own = forms.ChoiceField(label="Shown with", required=False, widget=UnfoldAdminSelectWidget)
    width = forms.ChoiceField(label="Width", choices=WIDTHS, required=False)
    scheme = forms.ChoiceField(
        label="Colours", choices=((LIGHT, "Light"), (DARK, "Dark")), required=False
    )
    part = forms.ChoiceField(
        label="Part", choices=((HTML, "HTML"), (TEXT, "Plain text")), required=False
    )

    def __init__(
        self,
        data: Any,
        *,
        user: User,
        type_: TemplateType,
        sample: str,
        event_id: UUID | None = None,
    ) -> None:
        """type_: of the email that is previewed. sample: what sample data is called.

        event_id: of the event whose emails are previewed.
        """
        super().__init__(data)
        rows = own_messages(user.pk, type_, event_id=event_id)
        own: Any = self.fields["own"]
        own.choices = [(SAMPLE, sample), *((str(row.pk), _label(row)) for row in rows)]
        for name in ("width", "scheme", "part"):
            field: Any = self.fields[name]
            field.initial = field.choices[0][0]


def _label(notification: Notification) -> str:
    text = notification.message
    short = text if len(text) <= 60 else f"{text[:59]}…"
    return f"Yours of {moment(notification.created_at, get_current_timezone())}: {short}"


def user_of(request: HttpRequest) -> User:
    """Return who is logged in, with their key."""
    user = request.user
    assert isinstance(user, User)
    return user


def own_of(data: Any) -> UUID | None:
    """Return which message of one's own a form asks for; None for sample data."""
    try:
        return UUID(data.get("own", SAMPLE))
    except ValueError:
        return None


def scheme_of(data: Any) -> str:
    return chosen(data.get("scheme", ""), among=(LIGHT, DARK))


def frame_of(request: HttpRequest, draft: Callable[[], Draft]) -> HttpResponse:
    """Return a draft for the frame of its page, or what is wrong with it.

    draft: makes it of what was entered; may raise a DomainError.
    """
    data = request.POST if request.method == "POST" else request.GET
    scheme = scheme_of(data)
    try:
        email = draft_email(draft(), user_of(request))
    except DomainError as refusal:
        return problem_frame(sentences_of(refusal), scheme=scheme)
    part = chosen(data.get("part", ""), among=(HTML, TEXT))
    return email_frame(email, part=part, scheme=scheme)


def send_test_to_self(request: HttpRequest, draft: Draft) -> None:
    """Have a draft sent to the person who writes it, and tell them so, or why not."""
    user = user_of(request)
    try:
        data = check_test(draft, user)
    except DomainError as refusal:
        messages.error(request, " ".join(["No test email was sent.", *sentences_of(refusal)]))
        return
    with transaction.atomic():
        enqueue_on_commit(send_test_email, data, str(user.pk))
    messages.success(
        request, f"A test email goes to {user.email} now. It should arrive within a minute."
    )


def sentences_of(refusal: DomainError) -> list[str]:
    """Return what a refusal says, by field where it does."""
    if isinstance(refusal, Invalid) and refusal.fields:
        return list(refusal.fields.values())
    return [refusal.text]


def add_refusal(form: forms.Form, refusal: DomainError) -> None:
    """Show a refusal on a form, at its fields where it names them."""
    fields = refusal.fields if isinstance(refusal, Invalid) else {}
    for name, sentence in fields.items() or [("", refusal.text)]:
        form.add_error(name if name in form.fields else None, sentence)
