"""All of Evently's addresses, and a bare view: what the stack does at its best."""

from typing import Any
from uuid import UUID

from django.db import connection
from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class Bare(APIView):
    """Answer with one row, read in one database call: nothing a booking could do without."""

    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []
    throttle_classes: list[Any] = []

    def post(self, request: Request, event_id: UUID) -> Response:
        """Read the body as a booking would, and the event's free seats."""
        quantity = int(request.data["quantity"])
        with connection.cursor() as cursor:
            cursor.execute("SELECT available_seats FROM events WHERE id = %s", [event_id])
            (free,) = cursor.fetchone()
        return Response({"quantity": quantity, "available_seats": free}, status=201)


urlpatterns = [
    path("bench/bare/<uuid:event_id>/", Bare.as_view()),
    path("", include("evently.urls")),
]
