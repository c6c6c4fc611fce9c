"""The pages' stylesheets and scripts in templates: `{% load assets %}`."""

from typing import Any

from django import template

from evently import assets

register = template.Library()


@register.simple_tag
def style_urls() -> list[str]:
    return assets.style_urls()


@register.simple_tag
def page_scripts() -> list[dict[str, Any]]:
    return assets.scripts()
