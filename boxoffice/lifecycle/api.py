"""API views that end something: cancelling an event, and deleting the current user's account."""

from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from boxoffice.lifecycle import operations
from evently.accounts.api import ProfileView, user_response
from evently.accounts.models import User
from evently.accounts.operations import undo_deletion
from evently.accounts.serializers import UserRepresentation
from evently.api.etags import etag_headers
from evently.api.idempotency import not_stored, once, request_idempotency
from evently.api.permissions import BOOK, DELETE_ACCOUNT, ORGANIZE, READ
from evently.api.views import ApiView, user_of
from evently.errors import Invalid
from evently.origin import origin_of
from evently.privacy.addresses import digest_of_address
from events.api import answer_with, changed_answer, managed_event
from events.serializers import EventCancelRequest, EventRepresentation

CONFIRMATION = "X-Confirm-Address"


class ConfirmationRequired(Invalid):
    """A request to delete an account must name its email address."""

    code = "confirmation_required"
    message = f"Send your own email address as {CONFIRMATION} to confirm the deletion."


class EventCancelView(ApiView):
    required_scopes = {"post": ORGANIZE}
    bodies = {"post": EventCancelRequest}
    idempotent = frozenset({"post"})
    refusals = {"post": {403: ("not_your_event",), 409: ("already_cancelled", "event_over")}}

    @extend_schema(operation_id="events_cancel", responses={200: EventRepresentation})
    def post(self, request: Request, event_id: UUID) -> Response:
        """Cancel an event. Its bookings and waitlist are cancelled, and everyone is notified."""
        body = self.body_of(request)
        event = managed_event(event_id, request.user)
        cancelled = operations.cancel_event(
            event_id=event.pk,
            idempotency=request_idempotency(request, changed_answer, headers=etag_headers),
            **body.validated_data,
        )
        return answer_with(cancelled)


class CurrentUserView(ProfileView):
    """The current user: read, change and, here only, delete."""

    required_scopes = {**ProfileView.required_scopes, "get": READ, "delete": DELETE_ACCOUNT}
    refusals = {
        **ProfileView.refusals,
        "delete": {
            409: ("organizer_stays", "last_superuser"),
            422: ("confirmation_required",),
            429: ("too_many_attempts",),
        },
    }

    @extend_schema(
        operation_id="me_destroy",
        parameters=[
            OpenApiParameter(
                CONFIRMATION,
                OpenApiTypes.STR,
                OpenApiParameter.HEADER,
                required=True,
                description="Your own email address, so that no account is deleted by accident.",
            )
        ],
        responses={202: UserRepresentation},
    )
    def delete(self, request: Request) -> Response:
        """Delete your account after a cooling-off period, at `deletion_due_at`.

        Needs a token with the scope `delete_account`, which no token has by default, and which
        only `POST auth/token/` gives, for an hour. Until the account is deleted, tickets, waitlist
        entries and offers stay valid, new bookings and entries answer `deletion_pending`, and
        `POST me/restore/` or the link in the email keeps the account. Then upcoming bookings are
        cancelled, and name and email address are erased.
        """
        given = request.headers.get(CONFIRMATION, "")
        user = user_of(request)
        if digest_of_address(given) != digest_of_address(user.email):
            raise ConfirmationRequired
        user = operations.request_deletion(user_id=user.pk, origin=origin_of(request._request))
        return user_response(user, status=202)


class RestoreView(ApiView):
    required_scopes = {"post": BOOK}
    idempotent = frozenset({"post"})
    refusals = {"post": {409: ("deletion_started",)}}

    @extend_schema(operation_id="me_restore", responses={200: UserRepresentation})
    def post(self, request: Request) -> Response:
        """Keep your account, if its deletion is pending; may be repeated."""
        user_id = user_of(request).pk
        headers = once(
            lambda: undo_deletion(
                user_id=user_id, idempotency=request_idempotency(request, not_stored)
            )
        )
        return user_response(User.objects.with_keys().get(pk=user_id), headers=headers)
