"""Providers of emails and suppressed addresses, for superusers."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import redis
from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from evently.api.idempotency import not_stored, once, request_idempotency
from evently.api.permissions import ORGANIZE, superuser_of
from evently.api.views import ApiView, ApiViewSet, user_of
from evently.email_providers import Provider
from evently.errors import NotFound
from notifications.email_api.filters import SuppressionFilter
from notifications.email_api.site_serializers import (
    ProvidersRepresentation,
    SuppressionRepresentation,
)
from notifications.failures import failure_in_words
from notifications.providers import health
from notifications.providers.health import Health
from notifications.providers.registry import providers
from notifications.return_models import Suppression
from notifications.returns import suppressing

SUPERUSERS = {403: ("superusers_only",)}


class EmailProvidersView(ApiView):
    required_scopes = {"get": ORGANIZE}
    refusals = {"get": SUPERUSERS}

    @extend_schema(operation_id="email_providers", responses={200: ProvidersRepresentation})
    def get(self, request: Request) -> Response:
        """Return how the providers of emails do, in the order in which they are tried."""
        superuser_of(request)
        configured = providers()
        try:
            found = health.read([provider.name for provider in configured])
        except redis.RedisError:
            found = {}
        rows = [_provider(provider, found.get(provider.name)) for provider in configured]
        return Response(ProvidersRepresentation({"providers": rows}).data)


def _provider(provider: Provider, known: Health | None) -> dict[str, Any]:
    """Return a provider as it is shown; known: None where the broker does not answer."""
    state = "unknown" if known is None else "down" if known.is_down else "in_use"
    return {
        "name": provider.name,
        "state": state,
        "sent_last_hour": known.sent if known else None,
        "succeeded_at": _moment(known.succeeded_at) if known else None,
        "failed_at": _moment(known.failed_at) if known else None,
        "failure": failure_in_words(known.failure) if known else "",
        "per_second": provider.per_second or None,
        "per_day": provider.per_day or None,
    }


def _moment(timestamp: float) -> datetime | None:
    return datetime.fromtimestamp(timestamp, UTC) if timestamp else None


class SuppressionViewSet(mixins.ListModelMixin, ApiViewSet):
    required_scopes = dict.fromkeys(("list", "release"), ORGANIZE)
    idempotent = frozenset({"release"})
    refusals = {"list": SUPERUSERS, "release": {404: ("not_suppressed",)}}
    filter_backends = [DjangoFilterBackend]
    filterset_class = SuppressionFilter
    serializer_class = SuppressionRepresentation
    queryset = Suppression.objects.none()

    def get_queryset(self) -> QuerySet[Suppression]:
        superuser_of(self.request)
        rows = Suppression.objects.select_related("user__person_key")
        return rows.order_by("-created_at", "-id")

    @extend_schema(operation_id="email_suppressions_list")
    def list(self, request: Request, **kwargs: Any) -> Response:
        """List the addresses that get no emails, or got none for a time, newest first."""
        return super().list(request, **kwargs)

    @extend_schema(
        operation_id="email_suppressions_release", responses={200: SuppressionRepresentation}
    )
    def release(self, request: Request, suppression_id: UUID) -> Response:
        """Let an address get emails again.

        If it still does not exist, the next one comes back, which harms this site's reputation with
        mail servers. After a complaint, do so only if its owner has asked for it.
        """
        row = self.row(suppression_id)
        headers = once(
            lambda: suppressing.release(
                suppression_id=row.pk,
                by_id=user_of(request).pk,
                idempotency=request_idempotency(request, not_stored),
            )
        )
        return Response(SuppressionRepresentation(self.row(row.pk)).data, headers=headers)

    def row(self, suppression_id: UUID) -> Suppression:
        """Return a suppression. Raises NotFound, also for those who may see none."""
        user: Any = self.request.user
        row = self.get_queryset().filter(pk=suppression_id).first() if user.is_superuser else None
        if row is None:
            raise NotFound
        return row
