"""The email about a new password."""

import pytest

from evently.accounts import links, operations
from evently.accounts.factories import PASSWORD, UserFactory, issued_token
from evently.accounts.models import User
from notifications.models import Notification

pytestmark = pytest.mark.django_db

NEW = "another good one"


def test_owner_is_told_what_ended_with_the_password():
    ana = UserFactory(password=PASSWORD)
    issued_token(ana)
    issued_token(ana)

    operations.change_password(user_id=ana.pk, current_password=PASSWORD, password=NEW)
    operations.change_password(
        user_id=ana.pk, current_password=NEW, password=PASSWORD, keep_tokens=True
    )
    token = links.password_reset_token(User.objects.get(pk=ana.pk))
    operations.reset_password(token=token, password=NEW)

    messages = Notification.objects.filter(user=ana, type="password_changed")
    two, kept, none = messages.order_by("created_at").values_list("message", flat=True)
    assert two.endswith("logged out. 2 API tokens were revoked.")
    assert kept.endswith("logged out. API tokens still work, as chosen with the change.")
    assert none.endswith("all other sessions have been logged out.")
