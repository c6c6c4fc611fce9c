"""Whether a user has a second factor, and whether the site asks for one."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from evently.accounts.models import Passkey, RecoveryCode, TotpFactor, User
from evently.database.identity import acting_as, attendee

OFF, SUPERUSERS, ORGANIZERS = "off", "superusers", "organizers"


@dataclass(frozen=True)
class Factors:
    """The second factors of a user. codes_left: unused recovery codes."""

    app: TotpFactor | None
    passkeys: list[Passkey]
    codes_left: int

    @property
    def has_any(self) -> bool:
        return self.app is not None or bool(self.passkeys)


def has_second_factor(user_id: UUID) -> bool:
    """Return whether logging in takes a second step, in one query; asked before that is done."""
    own = {"user_id": OuterRef("pk")}
    has_app = Exists(TotpFactor.objects.filter(**own, confirmed_at__isnull=False))
    has_passkey = Exists(Passkey.objects.filter(**own))
    with acting_as(attendee(user_id)):
        return User.objects.filter(Q(has_app) | Q(has_passkey), pk=user_id).exists()


def factors_of(user_id: UUID) -> Factors:
    """Return the factors of a user, who may be about to log in."""
    with acting_as(attendee(user_id)):
        return Factors(
            app=TotpFactor.objects.filter(user_id=user_id, confirmed_at__isnull=False).first(),
            passkeys=list(Passkey.objects.filter(user_id=user_id).order_by("created_at", "id")),
            codes_left=RecoveryCode.objects.filter(user_id=user_id, used_at__isnull=True).count(),
        )


def pending_secret(user: User) -> str | None:
    """Return the secret of an authenticator app that is being set up."""
    app = TotpFactor.objects.filter(user=user, confirmed_at__isnull=True).first()
    if app is None or user.key is None:
        return None
    return user.key.open("totp_secret", app.secret)


def is_factor_required(user: User) -> bool:
    """Return whether the setting SECOND_FACTOR_REQUIRED covers this user; takes no query."""
    required: str = settings.SECOND_FACTOR_REQUIRED
    if required == ORGANIZERS:
        return user.is_organizer or user.is_superuser
    return required == SUPERUSERS and user.is_superuser


def lacks_second_factor(user: User) -> bool:
    """Return whether a user needs a second factor and has none; a query only if one is needed."""
    return is_factor_required(user) and not has_second_factor(user.pk)
