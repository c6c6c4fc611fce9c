"""How long accounts and what belongs to them are kept."""

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone

from evently.accounts.operations.sessions import delete_expired_sessions
from evently.lifecycle.expiring import expiring, old_rows
from evently.lifecycle.registry import Kept, Period, Rule, register

TOKENS = Period("the token’s end", days=90)
CHANGES = Period("the change", years=1)
CONTRACT = "Contract: the account (Art. 6 (1) b GDPR)"
SECURITY = "Legitimate interest in secure accounts (Art. 6 (1) f GDPR)"


def sessions() -> Iterator[int]:
    if deleted := delete_expired_sessions():
        yield deleted


register(
    Rule(
        name="sessions",
        table="django_session",
        data="Sessions of browsers that are logged in",
        period=Period("the last login", days=timedelta(seconds=settings.SESSION_COOKIE_AGE).days),
        then="deleted",
        how="in batches",
        ground=CONTRACT,
        due=lambda: Session.objects.filter(expire_date__lt=timezone.now()).count(),
        work=sessions,
    ),
    Rule(
        name="api_tokens",
        table="api_tokens",
        data="API tokens, as digests",
        period=TOKENS,
        then="deleted",
        how="in batches",
        ground=SECURITY,
        due=lambda: old_rows("api_tokens", "expires_at", TOKENS.interval),
        work=expiring("api_tokens"),
    ),
    Rule(
        name="data_exports",
        table="data_exports",
        data="Files with all data about a person, made on request and sealed",
        period=Period("the file was made", days=7),
        then="deleted",
        how="with all parts",
        ground="Legal obligation: the right of access (Art. 15 GDPR)",
        carried_out="each hour",
    ),
    Rule(
        name="email_changes",
        table="email_changes",
        data="Changes of an account’s email address, sealed",
        period=CHANGES,
        then="deleted",
        how="in batches",
        ground=SECURITY,
        due=lambda: old_rows("email_changes", "requested_at", CHANGES.interval),
        work=expiring("email_changes"),
    ),
    Rule(
        name="unconfirmed_emails",
        table="unconfirmed_emails",
        data="Emails to unconfirmed addresses, as digests",
        period=Period("the email", days=1),
        then="deleted",
        how="by a task of its own",
        ground="Legitimate interest in limiting emails that others cause (Art. 6 (1) f GDPR)",
        carried_out="each hour",
    ),
    Rule(
        name="email_requests",
        table="email_requests",
        data="Requests for an email, such as for a new password, as digests",
        period=Period("once it is answered, seconds later"),
        then="deleted",
        how="by the task that answers it",
        ground=CONTRACT,
        carried_out="at once",
    ),
    Kept(
        "user_sessions",
        "Where an account is logged in; a row goes with its session.",
        data="Where you are logged in: IP address and browser",
        until="until that session ends",
        ground=SECURITY,
    ),
    Kept(
        "passkeys",
        "A second factor; it goes with the account, or when it is removed.",
        data="Passkeys, authenticator apps and recovery codes",
        until="until you remove them, or the account is deleted",
        ground=SECURITY,
    ),
    Kept("totp_factors", "A second factor; it goes with the account, or when it is removed."),
    Kept("recovery_codes", "Of a second factor; they go with the account, or with new codes."),
    Kept(
        "second_factor_resets",
        "Who reset a second factor, which protects the account; it goes with the account.",
    ),
    Kept("auth_group", "Django’s own; without people."),
    Kept("auth_group_permissions", "Django’s own; without people."),
    Kept("auth_permission", "Django’s own; without people."),
    Kept("django_admin_log", "It stays empty: the audit log has what was done in the admin."),
    Kept("django_content_type", "Django’s own; without people."),
    Kept("django_migrations", "Django’s own; without people."),
    Kept(
        "keys.person_keys",
        "A key goes with its account, and is what makes it unreadable.",
        data="Name, email address, password (hashed), time zone and email settings",
        until="as long as you have the account",
        ground=CONTRACT,
    ),
    Kept(
        "data_export_parts", "Parts of the files with all data about a person; they go with them."
    ),
)
