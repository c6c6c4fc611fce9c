"""Users and API tokens in the history."""

from collections.abc import Callable, Collection, Mapping
from uuid import UUID

from django.db.models import Model

from evently.accounts.models import (
    ApiToken,
    Passkey,
    RecoveryCode,
    SecondFactorReset,
    TotpFactor,
    User,
)
from evently.audit.described import Described, Subject, describe


def users(ids: Collection[UUID]) -> Mapping[UUID, Subject]:
    found = User.objects.filter(pk__in=ids).values_list("pk", flat=True)
    return {pk: Subject("account", pk) for pk in found}


def tokens(ids: Collection[UUID]) -> Mapping[UUID, Subject]:
    rows = ApiToken.objects.filter(pk__in=ids).values_list("pk", "user_id")
    return {pk: Subject("API token", user_id) for pk, user_id in rows}


def owned_by(model: type[Model], noun: str) -> Callable[[Collection[UUID]], Mapping[UUID, Subject]]:
    """Return what finds rows that belong to a user, who is named with them."""

    def find(ids: Collection[UUID]) -> Mapping[UUID, Subject]:
        rows = model._default_manager.filter(pk__in=ids).values_list("pk", "user_id")
        return {pk: Subject(noun, user_id) for pk, user_id in rows}

    return find


def keys(ids: Collection[UUID]) -> Mapping[UUID, Subject]:
    """Return the keys, which have the ids of their users; destroyed ones, too."""
    found = User.objects.filter(pk__in=ids).values_list("pk", flat=True)
    return {pk: Subject("encryption key", pk) for pk in found}


describe(
    "users",
    Described(
        group="Users",
        noun="account",
        plural="accounts",
        rank=7,
        labels={
            "password_hash": "password",
            "email": "email address",
            "preferences": "notifications",
            "timezone": "time zone",
            "is_active": "can log in",
            "email_verified_at": "email address verified",
        },
        identifying=("role",),
        subjects=users,
        of_event=False,
    ),
)
describe(
    "api_tokens",
    Described(
        group="API tokens",
        noun="API token",
        plural="API tokens",
        rank=8,
        labels={"digest": "token"},
        identifying=("scopes", "expires_at"),
        subjects=tokens,
        of_event=False,
    ),
)
describe(
    "person_keys",
    Described(
        group="Users",
        noun="encryption key",
        plural="encryption keys",
        rank=9,
        participles={"deleted": "destroyed", "changed": "rewrapped"},
        phrases={"deleted": "destroyed {object}", "changed": "rewrapped {object}"},
        labels={"wrapped_key": "key", "wrapping_key_name": "wrapped with"},
        identifying=("wrapping_key_name",),
        subjects=keys,
        of_event=False,
    ),
)
describe(
    "email_changes",
    Described(
        group="Users",
        noun="change of an email address",
        plural="changes of email addresses",
        rank=8,
        phrases={"created": "requested {object}"},
        of_event=False,
    ),
)
describe(
    "data_exports",
    Described(
        group="Users",
        noun="data export",
        plural="data exports",
        rank=8,
        phrases={"created": "requested {object}"},
        of_event=False,
    ),
)
# Changes of an app are its confirmation: the steps of its codes are not in the log.
FACTORS: tuple[tuple[type[Model], str, str, str], ...] = (
    (TotpFactor, "authenticator app", "began to set up", "confirmed"),
    (Passkey, "passkey", "added", "changed"),
    (RecoveryCode, "recovery code", "made", "used"),
)
for model, noun, created, changed in FACTORS:
    describe(
        model._meta.db_table,
        Described(
            group="Users",
            noun=noun,
            plural=f"{noun}s",
            rank=7,
            phrases={
                "created": f"{created} {{object}}",
                "changed": f"{changed} {{object}}",
                "deleted": "removed {object}",
            },
            participles={"changed": changed},
            subjects=owned_by(model, noun),
            of_event=False,
        ),
    )
describe(
    "second_factor_resets",
    Described(
        group="Users",
        noun="two-step login",
        plural="resets of two-step login",
        rank=6,
        phrases={"created": "reset {object}"},
        subjects=owned_by(SecondFactorReset, "two-step login"),
        of_event=False,
    ),
)
