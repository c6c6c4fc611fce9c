"""Figures in the API: of one event, of all of an organizer's events, and as files."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from boxoffice.backoffice.analytics import event_analytics
from boxoffice.backoffice.serializers import AnalyticsRepresentation
from boxoffice.figures import reading
from boxoffice.figures.files import csv_parts, parquet_parts, rows_of
from boxoffice.figures.lost_demand import lost_demand_until, refused_people, roll_ups
from boxoffice.figures.registry import METRICS, Kind, metric_of
from boxoffice.figures.serializers import (
    DATE_FROM,
    DATE_TO,
    METRIC_NAMES,
    RESOLUTION,
    FiguresQuery,
    LostDemandRepresentation,
    RangeQuery,
    SeriesRepresentation,
    ValueField,
    bounds,
    lost_demand_answer,
    series_answer,
    value_of,
)
from evently.api.fields import MomentField
from evently.api.permissions import ORGANIZE
from evently.api.renderers import CsvRenderer, ParquetRenderer
from evently.api.views import ApiView, user_of
from evently.database.clock import now
from events.api import managed_event
from events.models import Event, Resolution

OF_EVENT = [DATE_FROM, DATE_TO, RESOLUTION]
OF_ALL = [DATE_FROM, DATE_TO]
# Summed up over events where nothing else is asked for.
SUMMED = ("bookings", "seats", "revenue", "cancellations", "revenue_returned", "page_views")


class EventFiguresRepresentation(AnalyticsRepresentation):
    """The current figures of an event, and series of the metrics that were asked for."""

    figures_until = MomentField(
        allow_null=True,
        help_text="Until when the series are complete; null before the first run, and without any.",
    )
    series = SeriesRepresentation(many=True, help_text="Of the metrics in `metrics`; none without.")
    lost_demand = LostDemandRepresentation(
        many=True, help_text="Of the event’s whole time, whatever range is asked for."
    )
    lost_demand_until = MomentField(
        allow_null=True, help_text="Until when lost demand is counted; null before the first time."
    )


class DayRepresentation(serializers.Serializer[Any]):
    date = serializers.DateField()
    value = ValueField()


class SumRepresentation(serializers.Serializer[Any]):
    """A metric summed up over events, by the days of each event's calendar."""

    metric = serializers.CharField()
    unit = serializers.CharField()
    total = ValueField()
    days = DayRepresentation(many=True, help_text="Days in which something happened.")


class CurrencyRepresentation(serializers.Serializer[Any]):
    currency = serializers.CharField()
    series = SumRepresentation(many=True)
    lost_demand = LostDemandRepresentation(
        many=True, help_text="People whose last refusal was in these days, in UTC."
    )


class AllFiguresRepresentation(serializers.Serializer[Any]):
    """The sums over all events that you manage."""

    date_from = serializers.DateField()
    date_to = serializers.DateField()
    figures_until = MomentField(allow_null=True)
    lost_demand_until = MomentField(allow_null=True)
    currencies = CurrencyRepresentation(many=True)


class EventAnalyticsView(ApiView):
    required_scopes = {"get": ORGANIZE}
    parameters = {"get": [*OF_EVENT, METRIC_NAMES]}
    refusals = {"get": {403: ("not_your_event",)}}

    @extend_schema(operation_id="events_analytics", responses={200: EventFiguresRepresentation})
    def get(self, request: Request, event_id: UUID) -> Response:
        """Return the current sales, waitlist and attempts of an event that you manage.

        With `metrics`, also how these went over a range of days. Figures are rolled up each minute,
        those by hour and day every five minutes.
        """
        event = managed_event(event_id, request.user)
        rolled_up = roll_ups([event.pk])
        answer = event_analytics(event, rolled_up=rolled_up) | {
            "figures_until": None,
            "series": [],
            "lost_demand": lost_demand_answer(refused_people([event.pk])),
            "lost_demand_until": lost_demand_until(rolled_up),
        }
        if request.query_params:
            query = valid(FiguresQuery, request)
            start, end = bounds(event, query.days(now().astimezone(event.zone).date()))
            names = query.validated_data.get("metrics", [])
            series = reading.series_of(event, names, query.chosen, start=start, end=min(end, now()))
            answer["figures_until"] = reading.done_until(rolled_up, query.chosen)
            answer["series"] = series_answer(series, event.currency)
        return Response(EventFiguresRepresentation(answer).data)


class AnalyticsView(ApiView):
    """The figures of all events that the current user manages."""

    required_scopes = {"get": ORGANIZE}
    parameters = {"get": [*OF_ALL, METRIC_NAMES]}

    @extend_schema(operation_id="analytics", responses={200: AllFiguresRepresentation})
    def get(self, request: Request) -> Response:
        """Return sums over all events that you manage, by currency and day.

        Only metrics that add up: levels such as `waiting`, and `visitors`, are left out.
        """
        query = valid(RangeQuery, request)
        first, last = query.days(now().date())
        names = [name for name in query.validated_data.get("metrics", SUMMED) if adds_up(name)]
        events = managed(request)
        found = reading.days_by_currency(events, names, first=first, last=last)
        rolled_up = roll_ups(events)
        refused = refused_people(events, first=first, last=last)
        answer = {
            "date_from": first,
            "date_to": last,
            "figures_until": reading.done_until(rolled_up, Resolution.DAY),
            "lost_demand_until": lost_demand_until(rolled_up),
            "currencies": [
                {
                    "currency": currency,
                    "series": list(sums(currency, names, found.get(currency, {}))),
                    "lost_demand": lost_demand_answer(
                        one for one in refused if one.currency == currency
                    ),
                }
                for currency in sorted({*found, *(one.currency for one in refused)})
            ],
        }
        return Response(AllFiguresRepresentation(answer).data)


class FileView(ApiView):
    """Figures as a file; a subclass says of which events."""

    required_scopes = {"get": ORGANIZE}

    def rows(self, events: QuerySet[Event], query: RangeQuery, start: Any, end: Any) -> Any:
        return rows_of(events, query.chosen, start=start, end=end)


class EventCsvView(FileView):
    parameters = {"get": OF_EVENT}
    refusals = {"get": {403: ("not_your_event",)}}
    renderer_classes = [CsvRenderer]

    @extend_schema(
        operation_id="events_analytics_csv", responses={(200, "text/csv"): OpenApiTypes.STR}
    )
    def get(self, request: Request, event_id: UUID) -> HttpResponseBase:
        """Return the figures of an event that you manage as CSV: a line for each bucket."""
        return as_csv(self.rows(*of_event(request, event_id)), f"analytics-{event_id}")


class EventParquetView(FileView):
    parameters = {"get": OF_EVENT}
    refusals = {"get": {403: ("not_your_event",)}}
    renderer_classes = [ParquetRenderer]

    @extend_schema(
        operation_id="events_analytics_parquet",
        responses={(200, ParquetRenderer.media_type): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, event_id: UUID) -> HttpResponseBase:
        """Return the figures of an event that you manage as an Apache Parquet file."""
        return as_parquet(self.rows(*of_event(request, event_id)), f"analytics-{event_id}")


class CsvView(FileView):
    parameters = {"get": [*OF_ALL, RESOLUTION]}
    renderer_classes = [CsvRenderer]

    @extend_schema(operation_id="analytics_csv", responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request) -> HttpResponseBase:
        """Return the figures of all events that you manage as CSV; days are those of UTC."""
        return as_csv(self.rows(*of_all(request)), "analytics")


class ParquetView(FileView):
    parameters = {"get": [*OF_ALL, RESOLUTION]}
    renderer_classes = [ParquetRenderer]

    @extend_schema(
        operation_id="analytics_parquet",
        responses={(200, ParquetRenderer.media_type): OpenApiTypes.BINARY},
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Return the figures of all events that you manage as an Apache Parquet file."""
        return as_parquet(self.rows(*of_all(request)), "analytics")


def valid(serializer: type[RangeQuery], request: Request) -> Any:
    """Return the valid query of a request. Raises ValidationError."""
    query = serializer(data=request.query_params.dict())
    query.is_valid(raise_exception=True)
    return query


def managed(request: Request) -> QuerySet[Event]:
    return Event.objects.managed_by(user_of(request))


def of_event(request: Request, event_id: UUID) -> tuple[Any, ...]:
    """Return the event, the query and its bounds, for a file."""
    event = managed_event(event_id, request.user)
    query = valid(FiguresQuery, request)
    span = bounds(event, query.days(now().astimezone(event.zone).date()))
    return Event.objects.filter(pk=event.pk), query, *span


def of_all(request: Request) -> tuple[Any, ...]:
    """Return the managed events, the query and its bounds, for a file."""
    query = valid(FiguresQuery, request)
    return managed(request), query, *reading.utc_range(*query.days(now().date()))


def as_csv(rows: Any, name: str) -> HttpResponseBase:
    return StreamingHttpResponse(
        csv_parts(rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def as_parquet(rows: Any, name: str) -> HttpResponseBase:
    return StreamingHttpResponse(
        parquet_parts(rows),
        content_type=ParquetRenderer.media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}.parquet"'},
    )


def adds_up(name: str) -> bool:
    metric = METRICS.get(name) or metric_of(name)
    return metric is not None and metric.kind is Kind.FLOW


def sums(currency: str, names: Iterable[str], found: dict[str, dict[date, Any]]) -> Any:
    """Yield the sums of metrics as SumRepresentation represents them."""
    for name in names:
        metric, days = metric_of(name), found.get(name, {})
        if metric is not None:
            yield {
                "metric": name,
                "unit": metric.unit.value,
                "total": value_of(metric, sum(days.values(), reading.NOTHING), currency),
                "days": [
                    {"date": day, "value": value_of(metric, value, currency)}
                    for day, value in days.items()
                ],
            }
