"""The price rule of an event in the admin: its state, its settings, and what they lead to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from boxoffice.backoffice.price_rule_form import PriceRuleForm
from boxoffice.backoffice.price_rule_words import (
    after_text,
    consequence,
    differences,
    facts_of,
    outlook_words,
    state_of_rule,
)
from boxoffice.pricing.drawing import changes_of, charts_of, table_of, totals_of
from boxoffice.pricing.preview import Preview, outlook_of, preview_of, rule_warnings
from boxoffice.pricing.timeline import earlier_events
from evently.admin.confirmation import BACK, NOTIFY, Choice, review_page
from evently.admin.tabs import add_page, event_page_url, tabs_context
from evently.database.clock import now
from evently.errors import DomainError, EditedMeanwhile, Invalid
from evently.formatting import moment, money
from events.models import Event, PaymentMode, PriceRule
from events.operations import (
    new_price_rule,
    price_rule_of,
    resume_price_rule,
    save_price_rule,
)
from events.pricing.defaults import suggested_bounds

KEY = "price_rule"
# The form value of the buttons, and of those beside the state.
ANSWER, STATE = "answer", "state"
PREVIEW, SAVE = "preview", "save"
RESUME, SWITCH_OFF = "resume", "off"
MEANWHILE = (
    "This rule has changed while you were editing it: another person saved it, or the price was "
    "changed by hand. Your values are below. Save again to see what they change."
)


def price_rule_page(request: HttpRequest, event: Event) -> HttpResponse:
    """Show the rule and preview its settings; save them once the review is confirmed."""
    at = now()
    stored = price_rule_of(event.pk)
    if request.method == "POST" and STATE in request.POST:
        return _change_state(request, event)
    if not _can_have_rule(event, at=at):
        return _page(request, event, stored, at=at)
    rule = stored or _suggested(event)
    earlier = list(earlier_events(event, user=request.user, at=at))
    given: dict[str, Any] = {"event": event, "rule": rule, "earlier": earlier, "at": at}
    form = PriceRuleForm(request.POST if request.method == "POST" else None, **given)
    if request.headers.get("HX-Request"):
        return TemplateResponse(
            request,
            "admin/events/_price_preview.html",
            {**_preview_context(form, event, at=at), "is_live": True},
        )
    asks = request.POST.get(ANSWER) == SAVE and BACK not in request.POST
    if asks and form.is_valid():
        answer = _save(request, form) if NOTIFY in request.POST else _review(request, form)
        if answer is not None:
            return answer
        form = PriceRuleForm(_with_version(request, event), **given)
        form.add_error(None, MEANWHILE)
    return _page(request, event, stored, at=at, form=form)


def _can_have_rule(event: Event, *, at: datetime) -> bool:
    return (
        event.is_active
        and event.payment_mode != PaymentMode.FREE
        and event.base_price > 0
        and at < event.sales_close_at
    )


def _suggested(event: Event) -> PriceRule:
    """Return a rule to begin with, for an event that has none; its bounds are a suggestion."""
    rule = new_price_rule(event)
    rule.floor, rule.ceiling = suggested_bounds(
        rule.rounding_unit, base_price=event.base_price, price=event.current_price
    )
    return rule


def _with_version(request: HttpRequest, event: Event) -> Any:
    """Return what was sent, as if it had been entered on the rule as it is now."""
    data = request.POST.copy()
    current = price_rule_of(event.pk)
    data["version"] = str(current.version if current else 0)
    return data


# ── Saving ──────────────────────────────────────────────────────────────────
def _review(request: HttpRequest, form: PriceRuleForm) -> HttpResponse | None:
    """Ask before saving; None where the rule has changed since the form was loaded."""
    if form.cleaned_data["version"] != form.initial["version"]:
        return None
    event, rule = form.event, form.rule
    is_new = form.stored._state.adding
    model_admin: Any = admin.site.get_model_admin(Event)
    return review_page(
        model_admin,
        request,
        title=f"Save the price rule of {event.name}?",
        question=consequence(rule, event),
        differences=[] if is_new else differences(form.stored, rule, event),
        facts=facts_of(rule, event) if is_new else [],
        warnings=_warnings(form),
        choices=[Choice("yes", "Save and switch on" if _switches_on(form) else "Save the rule")],
        context=tabs_context(event, current=KEY),
    )


def _switches_on(form: PriceRuleForm) -> bool:
    return form.rule.enabled and not form.stored.enabled


def _warnings(form: PriceRuleForm) -> list[str]:
    found = rule_warnings(form.rule, form.event, at=form.at, plan_seats=form.plan_seats)
    return [warning.text for warning in found]


def _save(request: HttpRequest, form: PriceRuleForm) -> HttpResponse | None:
    """Save the settings; None where the rule has changed meanwhile, or was refused."""
    try:
        rule = save_price_rule(
            event_id=form.event.pk, version=form.cleaned_data["version"], **form.settings
        )
    except EditedMeanwhile:
        return None
    except Invalid as refusal:
        form.add_refusal(refusal)
        return _page(request, form.event, form.stored, at=form.at, form=form)
    messages.success(request, after_text(rule, form.event))
    return _back(form.event)


def _change_state(request: HttpRequest, event: Event) -> HttpResponse:
    """Resume the rule or switch it off, as the button says."""
    version = request.POST.get("version", "")
    given: dict[str, Any] = {
        "event_id": event.pk,
        "version": int(version) if version.isdecimal() else None,
    }
    try:
        if request.POST[STATE] == RESUME:
            rule = resume_price_rule(**given)
        else:
            rule = save_price_rule(**given, enabled=False)
    except Invalid as refusal:
        text = " ".join(refusal.fields.values()) or refusal.text
        messages.error(request, f"The rule was not changed. {text}")
    except DomainError as refusal:
        messages.error(request, f"The rule was not changed. {refusal.text}")
    else:
        messages.success(request, after_text(rule, event))
    return _back(event)


def _back(event: Event) -> HttpResponse:
    return HttpResponseRedirect(event_page_url(KEY, event.pk))


# ── Showing ─────────────────────────────────────────────────────────────────
def _page(
    request: HttpRequest,
    event: Event,
    stored: PriceRule | None,
    *,
    at: datetime,
    form: PriceRuleForm | None = None,
) -> HttpResponse:
    context = {} if form is None else _preview_context(form, event, at=at)
    return TemplateResponse(
        request,
        "admin/events/price_rule.html",
        {
            **admin.site.each_context(request),
            **tabs_context(event, current=KEY),
            **context,
            "opts": Event._meta,
            "title": event.name,
            "subtitle": "Price rule",
            "event": event,
            "rule": stored,
            "state": state_of_rule(stored, event, at=at),
            "price_now": money(event.current_price, event.currency),
            "base_price": money(event.base_price, event.currency),
            "history_url": event_page_url("prices", event.pk),
            "settings_url": event_page_url("settings", event.pk),
            "closes": moment(event.sales_close_at, event.zone),
        },
    )


def _preview_context(form: PriceRuleForm, event: Event, *, at: datetime) -> dict[str, Any]:
    """Return what the form's settings lead to: the stored ones until others are sent."""
    shown = form
    if not form.is_bound:
        shown = PriceRuleForm(
            form.initial, event=event, rule=form.stored, earlier=list(form.earlier.values()), at=at
        )
    if not shown.is_valid():
        errors = [
            f"{shown.fields[name].label}: {text}" if name in shown.fields else str(text)
            for name, texts in shown.errors.items()
            for text in texts
        ]
        return {"form": form, "preview_errors": errors, "event_id": event.pk}
    rule = shown.rule
    outlook = outlook_of(rule, event, at=at)
    return {
        "form": form,
        "event_id": event.pk,
        "warnings": _warnings(shown),
        "outlook": outlook_words(outlook, rule, event, at=at),
        **_replay_context(shown, rule, event, at=at),
    }


def _replay_context(
    form: PriceRuleForm, rule: PriceRule, event: Event, *, at: datetime
) -> dict[str, Any]:
    source = form.source_event
    found = preview_of(rule, event, source=source, at=at)
    context: dict[str, Any] = {"source": source, "has_earlier": bool(form.earlier)}
    return context if found is None else {**context, **_drawn(found, rule, event)}


def _drawn(preview: Preview, rule: PriceRule, event: Event) -> dict[str, Any]:
    changes: Sequence[Any] = preview.replay.changes
    return {
        "preview": preview,
        "charts": charts_of(preview, rule, event),
        "totals": totals_of(preview, event),
        "table": table_of(preview, event),
        "changes": changes_of(preview, event),
        "number_of_changes": len(changes),
        "seats": preview.replay.last.seats,
    }


add_page("Prices", KEY, "Rule", view=price_rule_page)
