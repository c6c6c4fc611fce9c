"""The price rule of an event in the API: reading it, and setting it as a whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from boxoffice.pricing.serializers import (
    PriceRuleRepresentation,
    PriceRuleRequest,
    api_name,
    no_rule,
    settings_from,
)
from evently.api.etags import version_from
from evently.api.permissions import ORGANIZE
from evently.api.reused import represent
from evently.api.views import ApiView
from evently.errors import Invalid
from events import operations
from events.api import managed_event
from events.models import PriceRule

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
