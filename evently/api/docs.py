"""The OpenAPI document, and the pages to browse it."""

from typing import Any

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from evently.api.permissions import PUBLIC
from evently.api.views import ApiMixin


class SchemaView(ApiMixin, SpectacularAPIView):
    """The OpenAPI 3.1 document, as YAML or (`?format=json`) as JSON."""

    required_scopes = {"get": PUBLIC}
    renderer_classes = SpectacularAPIView.renderer_classes


class DocsView(ApiMixin, SpectacularSwaggerSplitView):
    """Swagger UI, served from here, its script apart so that nothing stands inline."""

    required_scopes: dict[str, Any] = {"get": PUBLIC}
    renderer_classes = SpectacularSwaggerSplitView.renderer_classes
    template_name = "api/docs.html"
