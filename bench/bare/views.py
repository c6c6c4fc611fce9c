"""Bare views of Django REST Framework: the least that a request to the API can cost.

Each looks up the token, and makes one call that writes the same rows as the operation of Evently
beside which it is measured (`functions.sql`). Both statements are prepared.
"""

from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bench.bare.tokens import first_row


class Bare(APIView):
    """Call one function with the user's id and the id of the row that it is about."""

    function = ""

    def post(self, request: Request) -> Response:
        statement = f"SELECT {self.function}(%s, %s)"
        (written,) = first_row(statement, [request.data["id"], request.user])
        return Response({"id": written}, status=201)


FUNCTIONS = ("book", "refuse", "join", "leave", "cancel", "offer", "accept")
urlpatterns = [
    path(f"{name}/", type(name.title(), (Bare,), {"function": f"bench.{name}_bare"}).as_view())
    for name in FUNCTIONS
]
