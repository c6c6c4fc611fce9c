"""The admin: notifications and emails are listed, failed emails can be sent again."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evently.accounts.factories import OrganizerFactory, SuperuserFactory, UserFactory
from notifications.factories import NotificationFactory
from notifications.kinds import KIND_CHOICES
from notifications.models import EmailDelivery, EmailTemplate

pytestmark = pytest.mark.django_db

MODELS = ("notification", "emaildelivery", "emailtemplate")


@pytest.fixture
def superuser(client):
    user = SuperuserFactory()
    client.force_login(user)
    return user


def failed_email(**columns):
    notification = NotificationFactory(status="failed")
    key = notification.user.key
    return EmailDelivery.objects.create(
        notification_id=notification.pk,
        user=notification.user,
        recipient_email=key.seal("recipient", notification.user.email),
        template_type="notification",
        **({"status": "failed", "error_message": "SMTPRecipientsRefused 550"} | columns),
    )


@pytest.mark.parametrize("model", MODELS)
def test_lists_and_rows_are_shown(client, superuser, model):
    email = failed_email()
    row = {
        "notification": email.notification_id,
        "emaildelivery": email.pk,
        "emailtemplate": EmailTemplate.objects.first().pk,
    }[model]

    assert client.get(f"/admin/notifications/{model}/").status_code == 200
    assert client.get(f"/admin/notifications/{model}/{row}/change/").status_code == 200


def test_failed_email_is_shown_with_its_error(client, superuser):
    email = failed_email()

    page = client.get("/admin/notifications/emaildelivery/?show=failed").content.decode()

    assert "The mail server refused this recipient (550)" in page
    assert email.user.email in page


def test_log_needs_the_same_queries_for_one_and_for_many(client, superuser):
    def query_count():
        with CaptureQueriesContext(connection) as queries:
            client.get("/admin/notifications/emaildelivery/")
        return len(queries)

    failed_email()
    one = query_count()
    for _ in range(5):
        failed_email()

    assert query_count() == one


@pytest.mark.parametrize("model", MODELS)
def test_rows_are_read_only(client, superuser, model):
    email = failed_email()
    row = {"notification": email.notification_id, "emaildelivery": email.pk}.get(
        model, EmailTemplate.objects.first().pk
    )

    assert client.get(f"/admin/notifications/{model}/add/").status_code == 403
    assert client.post(f"/admin/notifications/{model}/{row}/delete/").status_code == 403
    assert client.post(f"/admin/notifications/{model}/{row}/change/", {}).status_code == 403


@pytest.mark.parametrize("factory", [UserFactory, OrganizerFactory])
def test_notifications_of_all_users_are_for_superusers_only(client, factory):
    """Emails are listed for organizers, those of their own events: test_admin_messages.py."""
    client.force_login(factory())

    for model in ("notification", "emailtemplate"):
        assert client.get(f"/admin/notifications/{model}/").status_code in (302, 403)


@pytest.mark.django_db(transaction=True)
def test_failed_emails_are_sent_again_by_the_action(client, superuser):
    email, sent = failed_email(), failed_email(status="sent", kind="login_link")

    response = client.post(
        "/admin/notifications/emaildelivery/",
        {"action": "send_selected_again", "_selected_action": [str(email.pk), str(sent.pk)]},
        follow=True,
    )

    # The other one may be a link to log in, say, of which its owner requests another.
    assert (
        "1 email will be sent again. 1 email cannot be sent any more." in response.content.decode()
    )
    email.refresh_from_db()
    assert (email.status, email.error_message) == ("pending", "")
    sent.refresh_from_db()
    assert sent.status == "sent"


@pytest.mark.parametrize("model", ["notification", "emaildelivery"])
def test_search_finds_the_rows_of_an_email_address(client, superuser, model):
    email = failed_email()
    failed_email()

    page = client.get(f"/admin/notifications/{model}/", {"q": email.user.email.upper()})
    nothing = client.get(f"/admin/notifications/{model}/", {"q": "nobody@example.org"})

    assert [row.user_id for row in page.context["cl"].result_list] == [email.user_id]
    assert email.user.email in page.content.decode()
    assert not nothing.context["cl"].result_list


def test_templates_keep_their_line_breaks(client, superuser):
    template = EmailTemplate.objects.first()
    page = client.get(f"/admin/notifications/emailtemplate/{template.pk}/change/")
    assert '<pre class="ev-pre">' in page.content.decode()


def test_notifications_are_filtered_and_labelled_by_kind(client, superuser):
    NotificationFactory(type="guest_refused", message="Refused.")
    NotificationFactory(type="welcome", message="Greeting.")

    page = client.get("/admin/notifications/notification/?type__exact=guest_refused")

    assert [row.type for row in page.context["cl"].result_list] == ["guest_refused"]
    text = page.content.decode()
    assert all(label in text for _, label in KIND_CHOICES)
