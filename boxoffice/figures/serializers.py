"""Figures in the API: what can be asked for, and the answers."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers

from boxoffice.figures.lost_demand import Refused
from boxoffice.figures.reading import MOST_POINTS, Series
from boxoffice.figures.registry import METRICS, REFUSED, Metric, Unit, metric_of
from evently.api.fields import MomentField
from evently.currencies import in_decimals
from events.models import Event, Outcome, Resolution

DAYS = 30
MOST_DAYS = {Resolution.MINUTE: 1, Resolution.HOUR: 80, Resolution.DAY: MOST_POINTS}
MOST_METRICS = 30
# Of figures; days around those of any calendar can be computed, too.
YEARS = range(2000, 3000)
DATE_FROM = OpenApiParameter(
    "date_from",
    OpenApiTypes.DATE,
    description=f"The first day, by the calendar of the event; by default {DAYS} days up to "
    "`date_to`.",
)
DATE_TO = OpenApiParameter(
    "date_to", OpenApiTypes.DATE, description="The last day; by default today."
)
RESOLUTION = OpenApiParameter(
    "resolution",
    OpenApiTypes.STR,
    enum=Resolution.values,
    description="How long each bucket is: `day` (the default), `hour` for up to 80 days, `minute` "
    "for a single day of the last 7. Days are those of the event’s calendar, hours those of UTC.",
)
METRIC_NAMES = OpenApiParameter(
    "metrics",
    OpenApiTypes.STR,
    description="Names of metrics, separated by commas: "
    + ", ".join(f"`{name}`" for name in METRICS)
    + f", and `{REFUSED}CODE` for refused attempts by the code of the refusal.",
)


def in_years(day: date) -> date:
    """Return a day of which there may be figures. Raises ValidationError."""
    if day.year not in YEARS:
        raise serializers.ValidationError(f"Must be in a year from {YEARS[0]} to {YEARS[-1]}.")
    return day


class RangeQuery(serializers.Serializer[Any]):
    """A range of days, and metrics."""

    date_from = serializers.DateField(required=False)
    date_to = serializers.DateField(required=False)
    metrics = serializers.CharField(required=False, max_length=1000)

    def validate_date_from(self, day: date) -> date:
        return in_years(day)

    def validate_date_to(self, day: date) -> date:
        return in_years(day)

    def validate_metrics(self, text: str) -> list[str]:
        """Return the names, each once; refuse those that are no metric."""
        names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
        unknown = [name for name in names if metric_of(name) is None]
        if unknown:
            raise serializers.ValidationError(
                f"There is no metric {', '.join(unknown[:3])}. These are: {', '.join(METRICS)}."
            )
        if len(names) > MOST_METRICS:
            raise serializers.ValidationError(f"Ask for at most {MOST_METRICS} metrics at once.")
        return names

    def days(self, today: date) -> tuple[date, date]:
        """Return the first and the last day. Raises ValidationError."""
        last = self.validated_data.get("date_to", today)
        first = self.validated_data.get("date_from", last - timedelta(days=DAYS - 1))
        if first > last:
            raise serializers.ValidationError({"date_to": "Must not be before date_from."})
        most = MOST_DAYS[self.chosen]
        if (last - first).days >= most:
            raise serializers.ValidationError(
                {"date_from": f"By {self.chosen}, ask for at most {most:,} days at once."}
            )
        return first, last

    @property
    def chosen(self) -> Resolution:
        """The resolution asked for; by day where there is no choice."""
        return Resolution(self.validated_data.get("resolution", Resolution.DAY))


class FiguresQuery(RangeQuery):
    """A range in days, the length of its buckets, and metrics."""

    resolution = serializers.ChoiceField(choices=Resolution.choices, required=False)


def bounds(event: Event, days: tuple[date, date]) -> tuple[datetime, datetime]:
    """Return the moments in which a range of days of an event begins and ends."""
    first, last = days
    begins = datetime.combine(first, time.min, event.zone)
    ends = datetime.combine(last + timedelta(days=1), time.min, event.zone)
    return begins.astimezone(UTC), ends.astimezone(UTC)


def value_of(metric: Metric, value: Decimal | None, currency: str) -> str | int | float | None:
    """Return a value as the API gives it: amounts as text, in the decimals of the currency."""
    if value is None:
        return None
    if metric.unit is Unit.AMOUNT:
        return f"{in_decimals(value, currency):f}"
    if metric.unit in (Unit.SHARE, Unit.PLACE):
        return round(float(value), 4)
    return int(value)


@extend_schema_field({"oneOf": [{"type": "string"}, {"type": "number"}, {"type": "null"}]})
class ValueField(serializers.Field[Any, Any, Any, Any]):
    """A value of a metric, made by `value_of`."""

    def to_representation(self, value: Any) -> Any:
        return value


class PointRepresentation(serializers.Serializer[Any]):
    at = MomentField(help_text="When the bucket begins.")
    value = ValueField(
        help_text="A number of things or seats; an amount as text; or a share from 0 to 1."
    )


class LostDemandRepresentation(serializers.Serializer[Any]):
    """People who were refused seats for one reason, each counted once for an event."""

    outcome = serializers.ChoiceField(
        choices=Outcome.values,
        help_text="What they did afterwards; `lost`: neither booked nor joined the waitlist.",
    )
    reason = serializers.CharField(help_text="The code of the refusal.")
    people = serializers.IntegerField()
    seats = serializers.IntegerField(help_text="The most that each of them asked for.")
    value = serializers.CharField(help_text="Of these seats, at the price of that moment.")


def lost_demand_answer(refused: Iterable[Refused]) -> list[dict[str, Any]]:
    """Return refused people as LostDemandRepresentation represents them."""
    return [
        {
            "outcome": one.outcome.value,
            "reason": one.reason,
            "people": one.people,
            "seats": one.seats,
            "value": f"{in_decimals(one.value, one.currency):f}",
        }
        for one in refused
    ]


class SeriesRepresentation(serializers.Serializer[Any]):
    """A metric over a range. Buckets in which nothing happened are 0, or where a level stood."""

    metric = serializers.CharField()
    unit = serializers.ChoiceField(choices=[unit.value for unit in Unit])
    definition = serializers.CharField()
    total = ValueField(
        help_text="The sum of a flow, the last value of a level, null where neither makes sense."
    )
    points = PointRepresentation(many=True)


def series_answer(series: Iterable[Series], currency: str) -> list[dict[str, Any]]:
    """Return series as SeriesRepresentation represents them."""
    return [
        {
            "metric": one.metric.name,
            "unit": one.metric.unit.value,
            "definition": one.metric.definition,
            "total": value_of(one.metric, one.total, currency),
            "points": [
                {"at": point.at, "value": value_of(one.metric, point.value, currency)}
                for point in one.points
            ],
        }
        for one in series
    ]
