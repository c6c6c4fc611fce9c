"""Providers of emails and suppressed addresses as the API shows them to superusers."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from evently.api.fields import MomentField
from evently.api.message_examples import PROVIDERS, SUPPRESSION
from notifications.return_models import Release, Suppression, SuppressionReason

STATES = ("in_use", "down", "unknown")


class ProviderRepresentation(serializers.Serializer[Any]):
    """A provider of emails, and how it does."""

    name = serializers.CharField(help_text="As in the settings, and as `provider` of an email.")
    state = serializers.ChoiceField(
        choices=STATES,
        help_text="`down`: it does not work, and is tried from time to time; `unknown`: the broker "
        "does not answer.",
    )
    sent_last_hour = serializers.IntegerField(allow_null=True)
    succeeded_at = MomentField(allow_null=True)
    failed_at = MomentField(allow_null=True)
    failure = serializers.CharField(help_text="The last one, in words; empty for none.")
    per_second = serializers.IntegerField(
        allow_null=True, help_text="Its limit in the settings; null for none."
    )
    per_day = serializers.IntegerField(allow_null=True, help_text="In 24 hours; null for none.")


@extend_schema_serializer(examples=[PROVIDERS])
class ProvidersRepresentation(serializers.Serializer[Any]):
    """All providers, in the order in which they are tried."""

    providers = ProviderRepresentation(many=True)


@extend_schema_serializer(examples=[SUPPRESSION])
class SuppressionRepresentation(serializers.ModelSerializer[Suppression]):
    """An address that gets no emails, since earlier ones came back or were reported as spam."""

    address = serializers.CharField(
        source="address_in_full", read_only=True, help_text="Empty once its owner is erased."
    )
    name = serializers.CharField(source="user.display_name", read_only=True)
    reason = serializers.ChoiceField(choices=SuppressionReason.choices, read_only=True)
    created_at = MomentField(read_only=True)
    released_at = MomentField(
        read_only=True, allow_null=True, help_text="When it got emails again; null for not yet."
    )
    released_by = serializers.ChoiceField(
        source="release",
        choices=Release.choices,
        read_only=True,
        help_text="`person`: its owner; `admin`: a superuser; `delivered`: an email that arrived; "
        "empty for not yet.",
    )

    class Meta:
        model = Suppression
        fields = (
            "id",
            "address",
            "name",
            "reason",
            "created_at",
            "released_at",
            "released_by",
        )
        read_only_fields = fields
