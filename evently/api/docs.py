"""The OpenAPI document, and the page to browse it."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request

from evently.api.permissions import PUBLIC
from evently.api.views import ApiMixin


class FormatParameter(DefaultContentNegotiation):
    """Selects the renderer by `?format=`, where it is given."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        named = request.query_params.get("format")
        return super().select_renderer(request, renderers, format_suffix or named)


class SchemaView(ApiMixin, SpectacularAPIView):
    """The OpenAPI 3.1 document, as YAML or (`?format=json`) as JSON."""

    required_scopes = {"get": PUBLIC}
    parameters: ClassVar[Any] = {"get": [OpenApiParameter("format")]}
    content_negotiation_class = FormatParameter
    renderer_classes = SpectacularAPIView.renderer_classes


class DocsView(ApiMixin, SpectacularSwaggerSplitView):
    """Swagger UI, with its script under a URL of its own: the CSP forbids inline scripts."""

    required_scopes: dict[str, Any] = {"get": PUBLIC}
    parameters: ClassVar[Any] = {"get": [OpenApiParameter("script")]}
    renderer_classes = SpectacularSwaggerSplitView.renderer_classes
    template_name = "api/docs.html"
