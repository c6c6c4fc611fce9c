"""Admin lists that count their rows once."""

from typing import Any

from django.contrib.admin.views.main import ChangeList as BaseChangeList
from django.http import HttpRequest
from django.utils.text import capfirst
from unfold.admin import ModelAdmin
from unfold.views import ChangeList


class SingleCountChangeList(ChangeList):
    """A list that counts the rows it shows, and not the whole table as well.

    A second count gets slower with every row ever written; and Unfold's header would show it
    beside the first, so a list of one event would reveal the number of rows of all events.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Instead of "Select booking to change".
        self.title = capfirst(self.opts.verbose_name_plural)

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.model_admin.show_full_result_count:
            self.full_result_count = self.result_count

    def url_for_result(self, result: Any) -> str:
        """Return the page that a row opens: the one its admin names, or the form."""
        url: str | None = self.model_admin.row_url(result)
        return url or super().url_for_result(result)


class ListedAdmin(ModelAdmin):
    """A ModelAdmin whose list counts its rows once; the base of all our admins."""

    show_full_result_count = False

    def row_url(self, row: Any) -> str | None:
        """Return the URL that a row of the list opens, or None for its form."""
        return None

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[BaseChangeList]:
        return SingleCountChangeList
