"""Form fields, of which the plain inputs are put together without templates.

Two templates are rendered for an input otherwise, which takes as long as ten lines of a page.
"""

from typing import Any

from django.forms.renderers import DjangoTemplates
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

INPUTS = frozenset(
    f"django/forms/widgets/{kind}.html"
    for kind in ("date", "email", "hidden", "input", "number", "password", "search", "text", "url")
)


class FormRenderer(DjangoTemplates):
    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> str:
        if template_name in INPUTS:
            return input_element(context["widget"])
        return str(super().render(template_name, context, request))


def input_element(widget: dict[str, Any]) -> SafeString:
    """Return what Django's template of inputs makes of a widget's context."""
    value = widget["value"]
    named = {"type": widget["type"], "name": widget["name"]}
    if value is not None:
        named["value"] = value
    return format_html("<input{}>", _attributes(named | widget["attrs"]))


def _attributes(attributes: dict[str, Any]) -> SafeString:
    return format_html_join(
        "",
        "{}",
        (
            [format_html(" {}", name) if value is True else format_html(' {}="{}"', name, value)]
            for name, value in attributes.items()
            if value is not False
        ),
    )
