"""API views that end something: cancelling an event, and deleting the current user's account."""

from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from boxoffice.lifecycle import operations
from evently.accounts.api import ProfileView
from evently.api.permissions import BOOK, ORGANIZE, READ
from evently.api.views import ApiView, user_of
from evently.errors import Invalid
from evently.privacy.addresses import digest_of_address
from events.api import answer_with, managed_event
from events.serializers import EventCancelRequest, EventRepresentation

CONFIRMATION = "X-Confirm-Address"


class ConfirmationRequired(Invalid):
    """Deleting an account cannot be undone, so the request must name its email address."""

    code = "confirmation_required"
    message = f"This cannot be undone. Send your own email address as {CONFIRMATION}."


class EventCancelView(ApiView):
    required_scopes = {"post": ORGANIZE}
    refusals = {"post": {403: ("not_your_event",), 409: ("already_cancelled", "event_over")}}

    @extend_schema(
        operation_id="events_cancel",
        request=EventCancelRequest,
        responses={200: EventRepresentation},
    )
    def post(self, request: Request, event_id: UUID) -> Response:
        """Cancel an event. Its bookings and waitlist are cancelled, and everyone is notified."""
        body = EventCancelRequest(data=request.data)
        body.is_valid(raise_exception=True)
        event = managed_event(event_id, request.user)
        return answer_with(operations.cancel_event(event_id=event.pk, **body.validated_data))


class CurrentUserView(ProfileView):
    """The current user: read, change and, here only, delete."""

    required_scopes = {**ProfileView.required_scopes, "get": READ, "delete": BOOK}
    refusals = {
        **ProfileView.refusals,
        "delete": {409: ("organizer_stays",), 422: ("confirmation_required",)},
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
        responses={204: None},
    )
    def delete(self, request: Request) -> Response:
        """Delete your account. Upcoming bookings are cancelled; name and email are erased."""
        given = request.headers.get(CONFIRMATION, "")
        if digest_of_address(given) != user_of(request).email_digest:
            raise ConfirmationRequired
        operations.erase_person(user_id=user_of(request).pk)
        return Response(status=204)
