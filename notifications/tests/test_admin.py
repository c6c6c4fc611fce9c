"""The admin: what was told and sent, visible; failed mails sent again."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evently.accounts.factories import OrganizerFactory, SuperuserFactory, UserFactory
from notifications.factories import NotificationFactory
from notifications.models import EmailDelivery, EmailTemplate

pytestmark = pytest.mark.django_db

MODELS = ("notification", "emaildelivery", "emailtemplate")


@pytest.fixture
def superuser(client):
    user = SuperuserFactory()
    client.force_login(user)
    return user


def failed_mail(**columns):
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
    mail = failed_mail()
    row = {
        "notification": mail.notification_id,
        "emaildelivery": mail.pk,
        "emailtemplate": EmailTemplate.objects.first().pk,
    }[model]

    assert client.get(f"/admin/notifications/{model}/").status_code == 200
    assert client.get(f"/admin/notifications/{model}/{row}/change/").status_code == 200


def test_a_failed_mail_is_visible_with_its_reason(client, superuser):
    mail = failed_mail()

    page = client.get("/admin/notifications/emaildelivery/?status__exact=failed").content.decode()

    assert "SMTPRecipientsRefused 550" in page
    assert mail.user.email in page


def test_the_log_costs_the_same_for_one_and_for_many(client, superuser):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            client.get("/admin/notifications/emaildelivery/")
        return len(queries)

    failed_mail()
    one = cost()
    for _ in range(5):
        failed_mail()

    assert cost() == one


@pytest.mark.parametrize("model", MODELS)
def test_nothing_is_added_changed_or_deleted(client, superuser, model):
    mail = failed_mail()
    row = {"notification": mail.notification_id, "emaildelivery": mail.pk}.get(
        model, EmailTemplate.objects.first().pk
    )

    assert client.get(f"/admin/notifications/{model}/add/").status_code == 403
    assert client.post(f"/admin/notifications/{model}/{row}/delete/").status_code == 403
    assert client.post(f"/admin/notifications/{model}/{row}/change/", {}).status_code == 403


@pytest.mark.parametrize("factory", [UserFactory, OrganizerFactory])
def test_what_everybody_was_told_is_for_superusers(client, factory):
    client.force_login(factory())

    for model in MODELS:
        assert client.get(f"/admin/notifications/{model}/").status_code in (302, 403)


@pytest.mark.django_db(transaction=True)
def test_failed_mails_are_sent_again_in_one_click(client, superuser):
    mail, sent = failed_mail(), failed_mail(status="sent")

    response = client.post(
        "/admin/notifications/emaildelivery/",
        {"action": "send_again", "_selected_action": [str(mail.pk), str(sent.pk)]},
        follow=True,
    )

    assert "1 failed mail will be sent again." in response.content.decode()
    mail.refresh_from_db()
    assert (mail.status, mail.error_message) == ("pending", "")
    sent.refresh_from_db()
    assert sent.status == "sent"


@pytest.mark.parametrize("model", ["notification", "emaildelivery"])
def test_what_somebody_was_told_is_found_by_their_address(client, superuser, model):
    mail = failed_mail()
    failed_mail()

    page = client.get(f"/admin/notifications/{model}/", {"q": mail.user.email.upper()})
    nothing = client.get(f"/admin/notifications/{model}/", {"q": "nobody@example.org"})

    assert [row.user_id for row in page.context["cl"].result_list] == [mail.user_id]
    assert mail.user.email in page.content.decode()
    assert not nothing.context["cl"].result_list


def test_templates_keep_their_line_breaks(client, superuser):
    template = EmailTemplate.objects.first()
    page = client.get(f"/admin/notifications/emailtemplate/{template.pk}/change/")
    assert '<pre class="ev-pre">' in page.content.decode()
