"""API endpoints of sign-up, tokens and the current user."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from evently.accounts import operations
from evently.accounts.export import ExportRepresentation, export_of
from evently.accounts.export_response import file_response
from evently.accounts.models import DataExport, Scope, User, UserSession
from evently.accounts.operations.second_factors import check_second_step
from evently.accounts.operations.sessions import end_session
from evently.accounts.queries import exports_of, live_sessions
from evently.accounts.serializers import (
    DataExportRepresentation,
    ProfileChange,
    RegistrationRepresentation,
    RegistrationRequest,
    SessionRepresentation,
    TokenRepresentation,
    TokenRequest,
    UserRepresentation,
)
from evently.api.etags import version_from
from evently.api.idempotency import not_stored, once, request_idempotency
from evently.api.permissions import ANY, BOOK, PUBLIC, READ
from evently.api.views import ApiView, ApiViewSet, user_of
from evently.database.identity import attendee, become
from evently.origin import origin_of
from evently.person_names import clean_name
from evently.privacy.addresses import clean_address

CHECK_EMAIL = (
    "Open the link in the email that was sent to this email address. "
    "You can book before you confirm it."
)


class RegisterView(ApiView):
    required_scopes = {"post": PUBLIC}
    bodies = {"post": RegistrationRequest}
    rate_name = "auth"
    refusals = {
        "post": {
            422: ("address_invalid", "name_invalid", "weak_password"),
            429: ("too_many_attempts",),
        }
    }

    @extend_schema(operation_id="auth_register", responses={201: RegistrationRepresentation})
    def post(self, request: Request) -> Response:
        """Sign up. The response is the same whether or not the email address has an account."""
        body = self.body_of(request)
        operations.register(origin=origin_of(request._request), **body.validated_data)
        registration = {
            "email": clean_address(body.validated_data["email"]),
            "name": clean_name(body.validated_data["name"]),
            "detail": CHECK_EMAIL,
        }
        return Response(RegistrationRepresentation(registration).data, status=201)


class TokenView(ApiView):
    required_scopes = {"post": PUBLIC, "delete": ANY}
    bodies = {"post": TokenRequest}
    rate_name = "auth"
    refusals = {
        "post": {
            403: (
                "wrong_credentials",
                "second_factor_required",
                "wrong_code",
                "second_factor_setup_required",
                "scope_not_allowed",
                "session_ended",
            ),
            429: ("too_many_attempts",),
        }
    }

    @extend_schema(operation_id="auth_token", responses={200: TokenRepresentation})
    def post(self, request: Request) -> Response:
        """Get a token for an email address and password.

        An account with a second factor also needs a code, as `otp`.
        """
        data = self.body_of(request).validated_data
        user = operations.authenticate_with_password(
            email=data["email"], password=data["password"], origin=origin_of(request._request)
        )
        become(attendee(user.pk))
        check_second_step(user=user, code=data["otp"])
        issued = operations.issue_token(
            user_id=user.pk,
            name=data["name"],
            scopes=data.get("scopes") or default_scopes(user),
            session=user.get_session_auth_hash(),
        )
        return Response(TokenRepresentation(issued).data, headers={"Cache-Control": "no-store"})

    @extend_schema(operation_id="auth_token_revoke", responses={204: None})
    def delete(self, request: Request) -> Response:
        """Revoke the token of this request, whatever its scopes."""
        operations.revoke_token(user_id=user_of(request).pk, token_id=request.auth.pk)
        return Response(status=204)


def default_scopes(user: User) -> list[str]:
    """Return all scopes that this user's tokens may have."""
    scopes: list[str] = [Scope.READ, Scope.BOOK]
    return [*scopes, Scope.ORGANIZE] if user.is_organizer else scopes


class ProfileView(ApiView):
    """The current user; `boxoffice.lifecycle.api` adds DELETE."""

    required_scopes = {"get": READ, "patch": BOOK}
    bodies = {"patch": ProfileChange}
    versioned = frozenset({"patch"})
    refusals: dict[str, Any] = {"patch": {422: ("name_invalid",)}}

    @extend_schema(operation_id="me_retrieve", responses={200: UserRepresentation})
    def get(self, request: Request) -> Response:
        """Get the user of the token, with the version as ETag."""
        return user_response(user_of(request))

    @extend_schema(operation_id="me_update", responses={200: UserRepresentation})
    def patch(self, request: Request) -> Response:
        """Change your name, preferences or time zone."""
        body = self.body_of(request)
        user = operations.change_profile(
            user_id=user_of(request).pk,
            version=version_from(request, current=user_of(request).version),
            **body.validated_data,
        )
        return user_response(user)


class ExportView(ApiView):
    required_scopes = {"get": READ, "post": READ}
    idempotent = frozenset({"post"})
    refusals: dict[str, Any] = {"post": {429: ("too_many_exports",)}}

    @extend_schema(operation_id="me_export", responses={200: ExportRepresentation})
    def get(self, request: Request) -> Response:
        """Get all data stored about you."""
        return Response(
            export_of(user_of(request)),
            headers={"Content-Disposition": 'attachment; filename="my-data.json"'},
        )

    @extend_schema(operation_id="me_export_request", responses={202: DataExportRepresentation})
    def post(self, request: Request) -> Response:
        """Request a ZIP file of all data stored about you, with a page to read.

        It is made in the background: get `me/exports/{id}/` until its `status` is `ready`. A second
        request while one is open returns that one.
        """
        user_id = user_of(request).pk
        headers = once(
            lambda: operations.request_export(
                user_id=user_id, idempotency=request_idempotency(request, not_stored)
            )
        )
        export = exports_of(user_id)[0]
        location = reverse("api_data_export", args=[export.pk])
        return Response(
            DataExportRepresentation(export).data,
            status=202,
            headers={**headers, "Location": location},
        )


class DataExportViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    """Files of all data about the current user."""

    required_scopes = {"list": READ, "retrieve": READ}
    serializer_class = DataExportRepresentation
    lookup_url_kwarg = "export_id"
    queryset = DataExport.objects.none()

    def get_queryset(self) -> QuerySet[DataExport]:
        return exports_of(user_of(self.request).pk)


class DataExportFileView(ApiView):
    required_scopes = {"get": READ}

    @extend_schema(
        operation_id="me_exports_file",
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, export_id: UUID) -> StreamingHttpResponse:
        """Download a file that is ready."""
        user = user_of(request)
        export = operations.export_to_download(user=user, export_id=export_id)
        return file_response(user, export)


class SessionViewSet(mixins.ListModelMixin, ApiViewSet):
    """Sessions of the current user: where they are logged in on the pages."""

    required_scopes = {"list": READ, "destroy": BOOK}
    serializer_class = SessionRepresentation
    queryset = UserSession.objects.none()

    def get_queryset(self) -> QuerySet[UserSession]:
        return live_sessions().filter(user_id=user_of(self.request).pk).order_by("-id")

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, session_id: UUID) -> Response:
        """Log out one of your sessions. Tokens of the API are no sessions: revoke them."""
        end_session(user_id=user_of(request).pk, session_id=session_id)
        return Response(status=204)


def user_response(
    user: User, *, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Return the user, whose ETag a change has to send as If-Match."""
    return Response(UserRepresentation(user).data, status=status, headers=headers)
