"""The rows of an admin list: `{% load admin_table %}`, `{% table_of cl as table %}`."""

from django import template
from django.contrib.admin.views.main import ChangeList

from evently.admin.table import Table

register = template.Library()


@register.simple_tag
def table_of(changelist: ChangeList) -> Table:
    """Return the headers and rows of a list."""
    return Table(changelist)
