"""What tests of the waitlist share."""

import pytest
from django.db import connection

from waitlists.signals import promotions_made


@pytest.fixture
def told():
    """Let each person read of an offer in the app at once; no emails are sent in these tests.

    Offers of which nothing has reached the person last longer (`waitlists.operations.reaching`).
    """

    def read(sender, **kwargs):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE notifications SET read = true WHERE type = 'waitlist_promotion'")

    promotions_made.connect(read)
    yield
    promotions_made.disconnect(read)
