"""Sending many emails of an event again, and how far that is."""

from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from evently.api.idempotency import request_idempotency
from evently.api.permissions import ORGANIZE
from evently.api.views import ApiViewSet, user_of
from evently.errors import Invalid, NotFound
from events.api import managed_event
from notifications.email_api.run_serializers import ResendRunRepresentation, ResendRunRequest
from notifications.email_api.views import NOT_YOURS, emails_of
from notifications.models import ResendRun
from notifications.operations import resending
from notifications.operations.resending import FAILED, MOST_EMAILS, NothingToSend

MOST_NAMED = 5


class RunNotFound(NotFound):
    code = "run_not_found"
    message = "No emails of this event were sent again under this id."


def begun_answer(run: ResendRun) -> tuple[int, Any]:
    """Return status and body for a run that was begun; stored for requests that repeat it."""
    return 202, ResendRunRepresentation(run).data


def begun_headers(answer: dict[str, Any]) -> dict[str, str]:
    return {"Location": f"/api/v1/events/{answer['event']}/emails/resends/{answer['id']}/"}


class ResendRunViewSet(mixins.ListModelMixin, ApiViewSet):
    required_scopes = dict.fromkeys(("list", "retrieve", "create"), ORGANIZE)
    bodies = {"create": ResendRunRequest}
    idempotent = frozenset({"create"})
    refusals = {
        "list": NOT_YOURS,
        "retrieve": {**NOT_YOURS, 404: ("run_not_found",)},
        "create": {
            **NOT_YOURS,
            409: ("nothing_to_send", "run_under_way"),
            429: ("resent_too_often",),
        },
    }
    filter_backends: list[Any] = []
    serializer_class = ResendRunRepresentation
    queryset = ResendRun.objects.none()

    def get_queryset(self) -> QuerySet[ResendRun]:
        """Leave out the ids of the emails, of which there may be many."""
        event = managed_event(self.kwargs["event_id"], self.request.user)
        runs = ResendRun.objects.filter(event_id=event.pk)
        runs = runs.annotate(total=F("delivery_ids__len")).defer("delivery_ids")
        return runs.order_by("-created_at", "-id")

    @extend_schema(operation_id="events_emails_resends_list")
    def list(self, request: Request, **kwargs: Any) -> Response:
        """List when many emails of an event that you manage were sent again, newest first."""
        return super().list(request, **kwargs)

    @extend_schema(
        operation_id="events_emails_resends_retrieve", responses={200: ResendRunRepresentation}
    )
    def retrieve(self, request: Request, event_id: UUID, run_id: UUID) -> Response:
        """Return how far it is, and what became of the emails."""
        run = self.get_queryset().filter(pk=run_id).first()
        if run is None:
            raise RunNotFound
        return Response(ResendRunRepresentation(run).data)

    @extend_schema(
        operation_id="events_emails_resends_create", responses={202: ResendRunRepresentation}
    )
    def create(self, request: Request, event_id: UUID) -> Response:
        """Send some emails of an event again, or all that failed.

        Each goes to the person's current address, with what is true now. The first 500 are dealt
        with at once, the rest in the background: `Location` says how far that is. One such request
        of an event is worked on at a time.
        """
        event = managed_event(event_id, request.user)
        given = self.body_of(request).validated_data
        run = resending.send_many_again(
            delivery_ids=_chosen(event.pk, given),
            event_id=event.pk,
            by_id=user_of(request).pk,
            idempotency=request_idempotency(request, begun_answer, headers=begun_headers),
        )
        status, answer = begun_answer(run)
        return Response(answer, status=status, headers=begun_headers(answer))


def _chosen(event_id: UUID, given: dict[str, Any]) -> list[UUID]:
    """Return the emails that a body asks for. Raises Invalid, NothingToSend."""
    emails = emails_of(event_id)
    if wanted := given.get("emails"):
        known = set(emails.filter(pk__in=wanted).values_list("pk", flat=True))
        if unknown := [str(id_) for id_ in wanted if id_ not in known]:
            more = f" and {len(unknown) - MOST_NAMED} more" if len(unknown) > MOST_NAMED else ""
            text = f"This event has no emails {', '.join(unknown[:MOST_NAMED])}{more}."
            raise Invalid(fields={"emails": text})
        return list(wanted)
    failed = emails.filter(status__in=FAILED)
    if kind := given.get("kind"):
        failed = failed.filter(kind=kind)
    if provider := given.get("provider"):
        failed = failed.filter(provider=provider)
    ids = list(failed.order_by("pk").values_list("pk", flat=True)[:MOST_EMAILS])
    if not ids:
        raise NothingToSend("There are no such emails that failed.")
    return ids
