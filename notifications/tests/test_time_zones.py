"""Emails show until when seats are held in the reader's own time zone, too."""

import pytest

from notifications.kinds.holdings import all_text, holdings_of
from notifications.kinds.waitlist import WAITLIST_PROMOTION
from notifications.models import Notification
from waitlists.tests.helpers import offer_to_berlin

pytestmark = pytest.mark.django_db(transaction=True)
BOTH = "Tue 11 Mar 2036, 21:00 NZDT (09:00 for you in Berlin)"


def test_emails_show_the_deadline_in_both_time_zones(clock):
    offer = offer_to_berlin(clock)
    notification = Notification.objects.get(user=offer.user, type="waitlist_promotion")
    content = WAITLIST_PROMOTION.write_email(notification, offer.user)
    assert content.values["expiresAt"] == BOTH
    assert BOTH in all_text(holdings_of(notification))
