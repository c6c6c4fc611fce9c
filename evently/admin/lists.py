"""What every list in the admin shares: it is counted once."""

from typing import Any

from django.contrib.admin.views.main import ChangeList as BaseChangeList
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.views import ChangeList


class CountedOnce(ChangeList):
    """A list that counts what it shows, and nothing else.

    Counting the whole table beside it costs more with every row ever written, and tells whoever
    looks at one event how many rows all events have. Unfold's header names the count where the
    two differ.
    """

    def get_results(self, request: HttpRequest) -> None:
        """Take the one count for both."""
        super().get_results(request)
        if not self.model_admin.show_full_result_count:
            self.full_result_count = self.result_count


class ListedAdmin(ModelAdmin):
    """A ModelAdmin whose list is counted once."""

    show_full_result_count = False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[BaseChangeList]:
        """Count once."""
        return CountedOnce
