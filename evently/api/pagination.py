"""Keyset pagination (`evently.cursors`) for REST framework and its OpenAPI document."""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from rest_framework import exceptions
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from evently.cursors import CURSOR_PARAMETER, page_of

if TYPE_CHECKING:
    # The settings name this module, and views read the settings when they are imported.
    from rest_framework.views import APIView


class CursorPages(BasePagination):
    """`{next, previous, results}`; `limit` sets the size of a page, at most 100."""

    default_limit = 20
    most = 100

    def paginate_queryset(
        self, queryset: Any, request: Request, view: "APIView | None" = None
    ) -> list[Any]:
        """Return one page of a queryset, which must be ordered by plain columns, `id` last.

        A view with `joins_last` has its related rows joined to the page only (`page_of`).
        Raises CursorInvalid, ValidationError (limit).
        """
        self.request = request
        self.page = page_of(
            queryset,
            size=self.limit_of(request),
            cursor=request.query_params.get(CURSOR_PARAMETER, ""),
            joined_last=getattr(view, "joins_last", False),
        )
        return self.page.rows

    def limit_of(self, request: Request) -> int:
        text = request.query_params.get("limit")
        if text is None:
            return self.default_limit
        # Not int() alone, which takes "+5", "1_0" and digits of other scripts.
        is_number = text.isascii() and text.isdigit() and len(text) < 10
        if not is_number or not 1 <= int(text) <= self.most:
            sentence = f"Must be a whole number from 1 to {self.most}."
            raise exceptions.ValidationError({"limit": [sentence]})
        return int(text)

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            {
                "next": self.link(self.page.next),
                "previous": self.link(self.page.previous),
                "results": data,
            }
        )

    def link(self, cursor: str | None) -> str | None:
        """Return the public URL of another page, with this request's other parameters."""
        if cursor is None:
            return None
        url = f"{settings.PUBLIC_URL}{self.request.get_full_path()}"
        return replace_query_param(url, CURSOR_PARAMETER, cursor)

    # ── For the OpenAPI document ────────────────────────────────────────────
    def get_schema_operation_parameters(self, view: "APIView") -> list[dict[str, Any]]:
        return [
            {
                "name": CURSOR_PARAMETER,
                "in": "query",
                "required": False,
                "description": "Where the page starts; take it from `next` or `previous`.",
                "schema": {"type": "string"},
            },
            {
                "name": "limit",
                "in": "query",
                "required": False,
                "description": "Results per page.",
                "schema": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": self.most,
                    "default": self.default_limit,
                },
            },
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        following = "https://tickets.example.org/api/v1/…?cursor=WzAsImV2ZW50X2RhdGUs…"
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": {**link, "example": following},
                "previous": {**link, "example": None},
                "results": schema,
            },
        }
