"""The OpenAPI document, and the page to browse it."""

from typing import Any

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from evently.api.permissions import PUBLIC
from evently.api.views import ApiMixin


class SchemaView(ApiMixin, SpectacularAPIView):
    """The OpenAPI 3.1 document, as YAML or (`?format=json`) as JSON."""

    required_scopes = {"get": PUBLIC}
    renderer_classes = SpectacularAPIView.renderer_classes


class DocsView(ApiMixin, SpectacularSwaggerSplitView):
    """Swagger UI, with its script under a URL of its own: the CSP forbids inline scripts."""

    required_scopes: dict[str, Any] = {"get": PUBLIC}
    renderer_classes = SpectacularSwaggerSplitView.renderer_classes
    template_name = "api/docs.html"
