"""Read what a sent email said, for those who may see that email: organizers and superusers."""

from django.conf import settings
from django.db.models import QuerySet

from evently.database.clock import now
from evently.formatting import counted
from notifications.copies.content import Copy, copy_in
from notifications.models import EmailDelivery
from notifications.sent_models import SentEmail


def copies_of(email: EmailDelivery) -> QuerySet[SentEmail]:
    """Return the copies of an email, one for each time it was sent, the last one last."""
    rows = SentEmail.objects.filter(user_id=email.user_id, delivery_id=email.pk)
    return rows.order_by("created_at", "id")


def opened(email: EmailDelivery, row: SentEmail) -> Copy | None:
    """Return what a copy says, with the key that was loaded along with its email; None: erased."""
    row.user = email.user
    return copy_in(row)


def why_not_kept(email: EmailDelivery) -> str:
    """Return why there is no copy of an email that was sent, in a sentence."""
    if email.user.key is None:
        return "What this email said was erased with the account of its recipient."
    days = settings.SENT_EMAIL_DAYS
    if not days:
        return "What emails say is not kept on this site."
    if (now() - email.created_at).days >= days:
        return f"What emails say is kept for {counted(days, 'day')}, and this one is older."
    return "What this email said was not kept."
