"""A filter that is drawn as links above the list, of which one always applies."""

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from evently.admin.lists import ListedAdmin


class Switch(SimpleListFilter):
    """Which rows a list shows. The first option applies at first; a search looks through all rows.

    options: pairs of key and label; the last one shows all rows. `conditions` gives the others'.
    """

    title = "shown"
    parameter_name = "show"
    # Not among the filters at the side: admin/switch.html draws the links.
    template = "admin/empty.html"
    options: tuple[tuple[str, str], ...]

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        self.is_search = self._is_search(request)
        super().__init__(request, *args)

    def conditions(self) -> dict[str, Q]:
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(self.options)

    @classmethod
    def asked(cls, request: HttpRequest) -> str:
        """Return the key of the option that a request asks for."""
        return cls._option(request.GET.get(cls.parameter_name), is_search=cls._is_search(request))

    @classmethod
    def _option(cls, value: str | None, *, is_search: bool) -> str:
        keys = [key for key, _ in cls.options]
        if value in keys:
            return str(value)
        return keys[-1] if is_search else keys[0]

    @staticmethod
    def _is_search(request: HttpRequest) -> bool:
        return bool(request.GET.get(SEARCH_VAR, "").strip())

    @property
    def shown(self) -> str:
        """The key of the option that applies."""
        return self._option(self.value(), is_search=self.is_search)

    @property
    def shown_label(self) -> str:
        """The label of the option that applies, or "" where it shows all rows."""
        label = dict(self.options)[self.shown]
        return "" if label == self.options[-1][1] else label

    def choices(self, changelist: ChangeList) -> Any:
        """Return the links; there is no "All" of Django's own."""
        for key, label in self.options:
            yield {
                "selected": self.shown == key,
                "query_string": changelist.get_query_string({self.parameter_name: key}),
                "display": label,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        condition = self.conditions().get(self.shown)
        return queryset if condition is None else queryset.filter(condition)


class SwitchedAdmin(ListedAdmin):
    """An admin whose list has a `Switch` among its `list_filter`."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Add the links of the switch to the context, as `shown_links`."""
        response = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None) or {}
        if "cl" in context:
            switches = [spec for spec in context["cl"].filter_specs if isinstance(spec, Switch)]
            context["shown_links"] = [
                link for switch in switches for link in switch.choices(context["cl"])
            ]
        return response
