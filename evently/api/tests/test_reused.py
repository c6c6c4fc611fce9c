"""Serializers that are built once per thread give what new ones give."""

import pytest
from rest_framework.exceptions import ValidationError
from rest_framework.serializers import IntegerField, Serializer, SerializerMethodField

from evently.api.reused import represent, validate


class Seats(Serializer):
    number = IntegerField(min_value=1)
    seen = SerializerMethodField()

    def get_seen(self, row):
        self.context["seen"] = self.context.get("seen", 0) + 1
        return self.context["seen"]


def test_each_row_is_represented_without_the_context_of_the_last():
    assert [represent(Seats, {"number": number}) for number in (1, 2)] == [
        {"number": 1, "seen": 1},
        {"number": 2, "seen": 1},
    ]


def test_errors_of_one_body_do_not_stay_for_the_next():
    with pytest.raises(ValidationError) as caught:
        validate(Seats, {"number": 0})
    fresh = Seats(data={"number": 0})
    assert not fresh.is_valid()
    assert caught.value.detail == fresh.errors
    assert validate(Seats, {"number": 3}) == {"number": 3}
    for wrong in (None, [], "x"):
        with pytest.raises(ValidationError):
            validate(Seats, wrong)
