"""Filters that the API's lists share."""

from datetime import datetime
from typing import Any

import django_filters
from django import forms
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from evently.api.fields import MomentField


class _TimeField(forms.Field):
    def to_python(self, value: Any) -> datetime | None:
        if value in self.empty_values:
            return None
        try:
            # A plus sign that was not percent-encoded in the URL arrives as a space.
            at: datetime = MomentField().to_internal_value(str(value).strip().replace(" ", "+"))
        except serializers.ValidationError as error:
            raise forms.ValidationError(
                "Enter a time with an offset, such as 2027-05-01T18:00:00Z."
            ) from error
        return at


class _TimeFilter(django_filters.Filter):
    field_class = _TimeField


def since_filter(column: str, label: str) -> django_filters.Filter:
    """Return a filter for rows whose column is at or after a time with an offset."""
    found: django_filters.Filter = extend_schema_field(OpenApiTypes.DATETIME)(
        _TimeFilter(field_name=column, lookup_expr="gte", label=label)
    )
    return found
