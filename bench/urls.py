"""All of Evently's URLs, and a bare view that shows the upper limit of the stack."""

from typing import Any
from uuid import UUID

from django.db import connection
from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class Bare(APIView):
    """Return one row, read in one database call: the least that a booking needs."""

    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []
    throttle_classes: list[Any] = []

    def post(self, request: Request, event_id: UUID) -> Response:
        """Parse the body as a booking does, and read the event's available seats."""
        quantity = int(request.data["quantity"])
        with connection.cursor() as cursor:
            cursor.execute("SELECT available_seats FROM events WHERE id = %s", [event_id])
            (available,) = cursor.fetchone()
        return Response({"quantity": quantity, "available_seats": available}, status=201)


urlpatterns = [
    path("bench/bare/<uuid:event_id>/", Bare.as_view()),
    path("", include("evently.urls")),
]
