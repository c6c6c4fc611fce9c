"""The price rule of an event in the API: reading it, setting it as a whole, and trying one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from boxoffice.pricing.preview_serializers import (
    PriceRulePreviewRequest,
    RulePreview,
    RulePreviewRepresentation,
    previewed,
    rule_to_preview,
)
from boxoffice.pricing.serializers import (
    PriceRuleRepresentation,
    PriceRuleRequest,
    api_name,
    no_rule,
    settings_from,
)
from evently.api.etags import version_from
from evently.api.idempotency import request_idempotency
from evently.api.permissions import ORGANIZE
from evently.api.reused import represent
from evently.api.views import ApiView
from evently.database.clock import now
from evently.errors import Invalid
from evently.transactions import run_in_transaction
from events import operations
from events.api import managed_event
from events.models import Event, PriceRule

NOT_SUSPENDED = (
    "The rule is not suspended. Changing the price of the event suspends it; to stop it, set "
    "`enabled` to false."
)


@contextmanager
def api_names() -> Iterator[None]:
    """Name the fields of a refusal as the API does: `rounding.unit`, `weights.pace`."""
    try:
        yield
    except Invalid as refusal:
        refusal.fields = {api_name(name): text for name, text in refusal.fields.items()}
        raise


class PriceRuleView(ApiView):
    required_scopes = {"get": ORGANIZE, "put": ORGANIZE}
    bodies = {"put": PriceRuleRequest}
    versioned = frozenset({"put"})
    refusals = {
        "get": {403: ("not_your_event",)},
        "put": {403: ("not_your_event",), 409: ("event_over",)},
    }

    @extend_schema(operation_id="events_pricing_rule", responses={200: PriceRuleRepresentation})
    def get(self, request: Request, event_id: UUID) -> Response:
        """Return the price rule of an event that you manage, with its version as ETag.

        An event that has never had one is answered with the defaults: `state` off, `version` 0, and
        no bounds.
        """
        event = managed_event(event_id, request.user)
        rule = operations.price_rule_of(event.pk)
        if rule is None:
            rule = no_rule(event)
        else:
            # As it was read with the permission, instead of once more.
            rule.event = event
        return Response(represent(PriceRuleRepresentation, rule))

    @extend_schema(operation_id="events_pricing_rule_put", responses={200: PriceRuleRepresentation})
    def put(self, request: Request, event_id: UUID) -> Response:
        """Set up or replace the price rule of an event that you manage.

        It replaces all settings: those that are left out take their defaults, not what they were.
        `If-Match` prevents overwriting others' changes, also where there was no rule yet. A rule
        that was suspended by a change of the price stays so, unless `suspended` is false.
        """
        event = managed_event(event_id, request.user)
        stored = operations.price_rule_of(event.pk)
        version = version_from(request, current=stored.version if stored else 0)
        given = self.body_of(request).validated_data
        if given.get("suspended") and (stored is None or stored.suspended_at is None):
            raise Invalid(fields={"suspended": NOT_SUSPENDED})
        with api_names():
            rule: PriceRule = operations.save_price_rule(
                event_id=event.pk,
                version=version,
                resume=given.get("suspended") is False,
                **settings_from(given, event),
            )
        return Response(represent(PriceRuleRepresentation, rule))


def source_of(replay: bool | UUID, event: Event, user: Any) -> Event | None:
    """Return the event whose sales are replayed; None for none.

    Raises Invalid for one that the user does not manage, or in another currency.
    """
    if not replay:
        return None
    if replay is True or replay == event.pk:
        return event
    source: Event | None = Event.objects.managed_by(user).filter(pk=replay).first()
    if source is None:
        raise Invalid(fields={"replay": "You manage no event with this id."})
    if source.currency != event.currency:
        text = f"That event is in {source.currency}, this one in {event.currency}."
        raise Invalid(fields={"replay": f"{text} Choose one in the same currency."})
    return source


def preview_answer(found: RulePreview) -> tuple[int, Any]:
    """Return the status and body of a preview; stored for requests that repeat it."""
    event = found.event
    context = {"currency": event.currency, "current_price": event.current_price}
    return 200, RulePreviewRepresentation(found, context=context).data


class PriceRulePreviewView(ApiView):
    required_scopes = {"post": ORGANIZE}
    bodies = {"post": PriceRulePreviewRequest}
    idempotent = frozenset({"post"})
    refusals = {"post": {403: ("not_your_event",)}}

    @extend_schema(
        operation_id="events_pricing_rule_preview", responses={200: RulePreviewRepresentation}
    )
    def post(self, request: Request, event_id: UUID) -> Response:
        """Return what a price rule would do. Nothing is saved.

        The body is that of `PUT`, and the rule is looked at as if it were switched on. With
        `replay`, it is also applied to sales of the past.
        """
        event = managed_event(event_id, request.user)
        given = self.body_of(request).validated_data
        source = source_of(given["replay"], event, request.user)
        with api_names():
            rule = rule_to_preview(given, event)
        found = run_in_transaction(
            lambda: previewed(rule, event, source=source, at=now()),
            idempotency=request_idempotency(request, preview_answer),
        )
        return Response(preview_answer(found)[1])
