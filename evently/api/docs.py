"""The OpenAPI document, and the page to browse it."""

from functools import cache
from typing import Any, ClassVar

from django.utils.decorators import method_decorator
from django.views.decorators.gzip import gzip_page
from drf_spectacular.utils import OpenApiParameter
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response

from evently.api.permissions import PUBLIC
from evently.api.renderers import Negotiation
from evently.api.views import ApiMixin


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document, which takes a second to generate."""
    generator: Any = SpectacularAPIView.generator_class
    found: dict[str, Any] = generator().get_schema(request=None, public=True)
    return found


class FormatParameter(Negotiation):
    """Selects the renderer by `?format=`, where it is given."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        named = request.query_params.get("format")
        return super().select_renderer(request, renderers, format_suffix or named)


@method_decorator(gzip_page, name="dispatch")
class SchemaView(ApiMixin, SpectacularAPIView):
    """The OpenAPI 3.1 document, as YAML or (`?format=json`) as JSON."""

    required_scopes = {"get": PUBLIC}
    parameters: ClassVar[Any] = {"get": [OpenApiParameter("format")]}
    content_negotiation_class = FormatParameter
    renderer_classes = SpectacularAPIView.renderer_classes

    def _get_schema_response(self, request: Request) -> Response:
        return Response(document())


class DocsView(ApiMixin, SpectacularSwaggerSplitView):
    """Swagger UI, with its script under a URL of its own: the CSP forbids inline scripts."""

    required_scopes: dict[str, Any] = {"get": PUBLIC}
    parameters: ClassVar[Any] = {"get": [OpenApiParameter("script")]}
    renderer_classes = SpectacularSwaggerSplitView.renderer_classes
    template_name = "api/docs.html"
