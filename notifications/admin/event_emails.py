"""The page of an event where its organizer writes what its emails say beside their templates."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from csp.decorators import csp
from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.views.decorators.clickjacking import xframe_options_sameorigin
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from evently.admin.tabs import add_page, event_page_url, tabs_context
from evently.errors import DomainError, EditedMeanwhile
from events.contact import may_get_replies, reply_address
from events.models import Event
from notifications.admin.logo_field import LogoForm
from notifications.admin.previews import (
    ANSWER,
    TEST,
    PreviewForm,
    add_refusal,
    frame_of,
    own_of,
    send_test_to_self,
    user_of,
)
from notifications.admin.template_editor import placeholders_of
from notifications.emails.drafts import Draft, kinds_of
from notifications.emails.event_texts import FIELDS, EventTexts, allowed_in, texts_of
from notifications.emails.preview_pages import FRAME_POLICY
from notifications.emails.template_problems import problem_in_words, problem_of_texts
from notifications.event_email_models import (
    MOST_OWN_TEXT,
    MOST_SENDER_NAME,
    EventEmail,
    Picture,
)
from notifications.logo_models import EventLogo
from notifications.operations.event_emails import EventEmailInvalid, check_texts, save_texts
from notifications.template_models import TemplateType

KEY, PREVIEW_KEY = "email_texts", "email_texts_preview"
TYPE = "type"


class TextsForm(forms.Form):
    """What an organizer adds. What is valid is checked by the operations."""

    above = forms.CharField(
        label="Text above",
        required=False,
        strip=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6, "class": "ev-placeholders"}),
        help_text=f"Before what the email says. Plain text, at most {MOST_OWN_TEXT:,} characters.",
    )
    below = forms.CharField(
        label="Text below",
        required=False,
        strip=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6, "class": "ev-placeholders"}),
        help_text=f"After what the email says. Plain text, at most {MOST_OWN_TEXT:,} characters.",
    )
    picture = forms.ChoiceField(
        label="Picture at the top", required=False, widget=UnfoldAdminSelectWidget
    )
    sender_name = forms.CharField(
        label="Sender’s name",
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text=f"At most {MOST_SENDER_NAME} characters. The address stays that of this site.",
    )
    reply_to = forms.CharField(
        label="Replies go to", required=False, widget=UnfoldAdminEmailInputWidget()
    )
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, type_: TemplateType | None, replies: str, **kwargs: Any) -> None:
        """replies: where they go without an address here."""
        super().__init__(*args, **kwargs)
        picture: Any = self.fields["picture"]
        picture.choices = Picture.choices
        if type_ is None:
            picture.choices = [
                ("", Picture.NONE.label),
                *((one.value, one.label) for one in (Picture.DRAWING, Picture.LOGO)),
            ]
        self.fields["reply_to"].help_text = (
            "The confirmed address of the organizer or of a manager of the event. If it is empty, "
            + (f"replies go to {replies}." if replies else "there is no address for replies.")
        )

    @property
    def given(self) -> dict[str, str]:
        """What was entered, whether or not it is valid."""
        return {name: str(self.data.get(name, "")) for name in FIELDS}


def texts_page(request: HttpRequest, event: Event) -> HttpResponse:
    """Show the texts for emails of a type, or of all, and save them."""
    type_ = _type_of(request)
    rows = list(EventEmail.objects.filter(event_id=event.pk))
    row = _row_of(rows, type_)
    replies = _replies_without(event, rows, type_)
    logo = _logo_form(request, event)
    if request.method != "POST":
        form = TextsForm(initial=_initial(row), type_=type_, replies=replies)
        return _page(request, event, rows, type_, form, logo)
    form = TextsForm(request.POST, type_=type_, replies=replies)
    if request.POST.get(ANSWER) == TEST:
        _send_test(request, event, type_, form, logo)
        return _page(request, event, rows, type_, form, logo)
    # Both, so that all that is wrong is said at once.
    if all([form.is_valid(), logo.is_valid()]):
        try:
            saved = save_texts(
                event=event,
                type_=type_,
                given=form.given,
                version=form.cleaned_data["version"],
                logo=logo.change,
            )
        except EditedMeanwhile:
            return _meanwhile(request, event, type_, form)
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _saved_in_words(saved, logo))
            return HttpResponseRedirect(_url(event, type_))
    return _page(request, event, rows, type_, form, logo)


def _saved_in_words(saved: EventEmail | None, logo: LogoForm) -> str:
    if logo.chosen is not None and (saved is None or saved.picture != Picture.LOGO):
        return (
            "Saved. These emails do not show the logo: for that, choose “Your logo” as the picture "
            "at the top."
        )
    if saved is None:
        return "Saved. The emails have no texts of your own now."
    return "Saved. All emails from now on have it."


def texts_preview(request: HttpRequest, event: Event) -> HttpResponseBase:
    """Return the frame of what was entered, or of what is saved."""

    @xframe_options_sameorigin
    @csp(FRAME_POLICY)
    def framed(request: HttpRequest) -> HttpResponse:
        return _frame(request, event)

    return framed(request)


def _frame(request: HttpRequest, event: Event) -> HttpResponse:
    type_ = _type_of(request)
    if request.method == "POST":
        form = TextsForm(request.POST, type_=type_, replies="")
        return frame_of(request, lambda: _draft(event, type_, form, _logo_form(request, event)))
    rows = EventEmail.objects.filter(event_id=event.pk)
    texts = _texts_of(event, rows, type_, _logo_form(request, event))
    return frame_of(request, lambda: Draft(_shown(type_), None, own_of(request.GET), texts))


def _logo_form(request: HttpRequest, event: Event) -> LogoForm:
    entered = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    saved = EventLogo.objects.filter(event_id=event.pk).first()
    return LogoForm(*entered, event_id=event.pk, saved=saved)


def _texts_of(
    event: Event, rows: Iterable[EventEmail], type_: TemplateType | None, logo: LogoForm
) -> EventTexts:
    """Return what the previewed emails have, with the logo that would be saved."""
    texts = texts_of(rows, _shown(type_)) or EventTexts(event.pk)
    return replace(texts, logo=logo.shown) if texts.needs_logo else texts


def event_types() -> list[TemplateType]:
    """Return the types of emails about events, in their order."""
    return [type_ for type_ in TemplateType if kinds_of(type_)]


def _type_of(request: HttpRequest) -> TemplateType | None:
    """Return which type's texts a request is about; None: those of all."""
    asked = request.GET.get(TYPE, "")
    if not asked:
        return None
    found = next((type_ for type_ in event_types() if type_.value == asked), None)
    if found is None:
        raise Http404
    return found


def _shown(type_: TemplateType | None) -> TemplateType:
    """Return the type that a preview shows."""
    return type_ if type_ is not None else event_types()[0]


def _row_of(rows: list[EventEmail], type_: TemplateType | None) -> EventEmail | None:
    return next((row for row in rows if row.template_type == type_), None)


def _replies_without(event: Event, rows: list[EventEmail], type_: TemplateType | None) -> str:
    """Return where replies to emails of a type go while it has no address for them; "" if nowhere.

    type_: None for all emails.
    """
    of_all = _row_of(rows, None) if type_ is not None else None
    if of_all is not None and of_all.reply_to and may_get_replies(event, of_all.reply_to):
        return of_all.reply_to
    return reply_address(event)


def _initial(row: EventEmail | None) -> dict[str, Any]:
    if row is None:
        return {"version": 0}
    return {name: getattr(row, name) for name in (*FIELDS, "version")}


def _draft(event: Event, type_: TemplateType | None, form: TextsForm, logo: LogoForm) -> Draft:
    """Return what was entered as an email. Raises EventEmailInvalid."""
    if not logo.is_valid():
        sentences = {name: " ".join(map(str, errors)) for name, errors in logo.errors.items()}
        raise EventEmailInvalid(fields=sentences)
    found = check_texts(event, type_, form.given, logo=logo.change)
    entered = EventEmail(event_id=event.pk, template_type=type_, **found)
    others = EventEmail.objects.filter(event_id=event.pk)
    rows = [entered, *(row for row in others if row.template_type != type_)]
    return Draft(_shown(type_), None, own_of(form.data), _texts_of(event, rows, type_, logo))


def _send_test(
    request: HttpRequest,
    event: Event,
    type_: TemplateType | None,
    form: TextsForm,
    logo: LogoForm,
) -> None:
    try:
        draft = _draft(event, type_, form, logo)
    except DomainError as refusal:
        # What is wrong with the logo stands beside it already.
        if logo.is_valid():
            add_refusal(form, refusal)
        messages.error(request, "No test email was sent: correct the fields below first.")
        return
    send_test_to_self(request, draft)


def _meanwhile(
    request: HttpRequest, event: Event, type_: TemplateType | None, form: TextsForm
) -> HttpResponse:
    """Show what was entered again, beside what another person saved meanwhile."""
    rows = list(EventEmail.objects.filter(event_id=event.pk))
    row = _row_of(rows, type_)
    data = request.POST.copy()
    data["version"] = str(row.version if row is not None else 0)
    logo = _logo_form(request, event)
    is_other_logo = logo.seen_version != logo.current_version
    data["logo_version"] = str(logo.current_version)
    logo = LogoForm(data, request.FILES, event_id=event.pk, saved=logo.saved)
    again = TextsForm(data, type_=type_, replies=_replies_without(event, rows, type_))
    again.full_clean()
    saved = _initial(row)
    fields = [
        (str(field.label), saved.get(name, "") or "–")
        for name, field in again.fields.items()
        if name in FIELDS and saved.get(name, "") != form.given[name]
    ]
    if is_other_logo:
        fields.append(("Logo", "Another one" if logo.saved is not None else "None any more"))
    return _page(request, event, rows, type_, again, logo, meanwhile=fields or [("Texts", "–")])


def _url(event: Event, type_: TemplateType | None, *, key: str = KEY) -> str:
    url = event_page_url(key, event.pk)
    return f"{url}?{TYPE}={type_.value}" if type_ is not None else url


def _page(
    request: HttpRequest,
    event: Event,
    rows: list[EventEmail],
    type_: TemplateType | None,
    form: TextsForm,
    logo: LogoForm,
    *,
    meanwhile: list[tuple[str, str]] | None = None,
) -> HttpResponse:
    shown = _shown(type_)
    return TemplateResponse(
        request,
        "admin/notifications/event_emails.html",
        {
            **admin.site.each_context(request),
            **tabs_context(event, current=KEY),
            "opts": Event._meta,
            "title": event.name,
            "subtitle": "Email texts",
            "event": event,
            "form": form,
            "logo": logo,
            "type": type_,
            "types": _links(event, rows, type_),
            "shown_type": shown,
            "problems": _problems(event, rows),
            "meanwhile": meanwhile,
            "preview": PreviewForm(
                request.POST if request.method == "POST" else None,
                user=user_of(request),
                type_=shown,
                sample="Sample data and this event",
                event_id=event.pk,
            ),
            "preview_url": _url(event, type_, key=PREVIEW_KEY),
            "placeholders": placeholders_of(allowed_in(type_)),
        },
        status=409 if meanwhile else 200,
    )


def _links(
    event: Event, rows: list[EventEmail], current: TemplateType | None
) -> list[dict[str, Any]]:
    """Return the types as links; is_written: there are texts for it."""
    written = {row.template_type for row in rows}
    return [
        {
            "label": type_.label if type_ is not None else "All emails",
            "url": _url(event, type_),
            "current": type_ == current,
            "is_written": (type_.value if type_ is not None else None) in written,
        }
        for type_ in (None, *event_types())
    ]


def _problems(event: Event, rows: list[EventEmail]) -> list[tuple[str, str, str]]:
    """Return texts that emails are sent without: of which type, why, and where they are."""
    found = []
    for row in rows:
        if problem := problem_of_texts(row):
            type_ = TemplateType(row.template_type) if row.template_type else None
            label = type_.label if type_ is not None else "All emails"
            found.append((label, problem_in_words(problem), _url(event, type_)))
    return found


add_page("Messages", KEY, "Email texts", view=texts_page, rank=20)
add_page("Messages", PREVIEW_KEY, "Preview", view=texts_preview, rank=90, listed=False)
