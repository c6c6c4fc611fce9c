"""A user changes the email address: confirmed at the new one, undone from the old one."""

import re
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection

from evently.accounts import operations
from evently.accounts.factories import PASSWORD, UserFactory, issued_token
from evently.accounts.models import ApiToken, EmailChange, User
from evently.accounts.operations.correction import AddressTaken
from evently.errors import DomainError
from evently.links import LinkExpired
from evently.origin import Origin
from notifications.models import Notification
from notifications.operations import delivering

pytestmark = pytest.mark.django_db(transaction=True)

ORIGIN = Origin(ip_address="192.0.2.99", user_agent="")
OLD, NEW = "zoe@old.example", "zoe@new.example"


@pytest.fixture
def user():
    return UserFactory(email=OLD, name="Zoë", password=PASSWORD)


def ask(user, email=NEW, password=PASSWORD):
    operations.request_email_change(user_id=user.pk, email=email, password=password, origin=ORIGIN)


def sent(mailoutbox):
    mailoutbox.clear()
    pending = Notification.objects.filter(status="pending")
    delivering.deliver_all([(each.pk, each.user_id) for each in pending])
    return {email.to[0]: email.body for email in mailoutbox}


def token_in(text):
    return re.search(r"/account/email/(?:undo/)?([^/\s]+)/", text).group(1)


def address_of(user):
    return User.objects.with_keys().get(pk=user.pk).email


def changed(user, mailoutbox, email=NEW):
    """Change the address, and return the token that undoes it."""
    before = address_of(user)
    ask(user, email)
    operations.confirm_email_change(token=token_in(sent(mailoutbox)[email]))
    return token_in(sent(mailoutbox)[before])


def test_page_changes_the_address(client, user, mailoutbox):
    client.force_login(user)
    data = {"act": "email", "change-email": NEW, "change-current_password": PASSWORD}

    answer = client.post("/account/", data, follow=True)

    assert "We sent an email to the new address" in answer.content.decode()
    emails = sent(mailoutbox)
    assert list(emails) == [NEW]
    assert address_of(user) == OLD
    path = f"/account/email/{token_in(emails[NEW])}/"
    assert NEW in client.get(path).content.decode()
    assert address_of(user) == OLD
    client.post(path)
    assert address_of(user) == NEW
    # The session stays, and the link works once.
    assert client.get("/account/").status_code == 200
    assert client.post(path).status_code == 422
    assert list(sent(mailoutbox)) == [OLD]


def test_password_is_asked_for(client, user):
    with pytest.raises(operations.WrongPassword):
        ask(user, password="wrong")
    guest = UserFactory()
    with pytest.raises(operations.PasswordRequired):
        ask(guest, password="")
    client.force_login(guest)
    assert "set a password" in client.get("/account/").content.decode()
    assert not EmailChange.objects.exists()


def test_address_of_another_account_is_not_revealed(client, user, mailoutbox):
    UserFactory(email=NEW)
    client.force_login(user)
    data = {"act": "email", "change-email": NEW, "change-current_password": PASSWORD}

    answer = client.post("/account/", data, follow=True)

    assert "We sent an email to the new address" in answer.content.decode()
    text = sent(mailoutbox)[NEW]
    assert "belongs to an account already" in text
    assert "/account/email/" not in text


def test_old_address_undoes_the_change(client, user, mailoutbox):
    client.force_login(user)
    issued_token(user)
    undo = changed(user, mailoutbox)

    page = client.get(f"/account/email/undo/{undo}/")
    answer = client.post(f"/account/email/undo/{undo}/")

    assert OLD in page.content.decode()
    assert address_of(user) == OLD
    assert "/account/password/" in answer.url
    after = User.objects.get(pk=user.pk)
    assert not after.has_usable_password()
    assert ApiToken.objects.get().revoked_at is not None
    assert client.get("/account/").status_code == 302
    with pytest.raises(LinkExpired):
        operations.undo_email_change(token=undo)


def test_undoing_cannot_be_undone_by_a_later_change(user, mailoutbox):
    first = changed(user, mailoutbox)
    second = changed(user, mailoutbox, "zoe@third.example")

    operations.undo_email_change(token=first)

    assert address_of(user) == OLD
    with pytest.raises(LinkExpired):
        operations.undo_email_change(token=second)


def test_links_expire(user, mailoutbox, clock):
    ask(user)
    confirm = token_in(sent(mailoutbox)[NEW])
    clock.move(timedelta(days=1, minutes=1))
    with pytest.raises(LinkExpired):
        operations.confirm_email_change(token=confirm)
    clock.reset()
    undo = changed(user, mailoutbox, "zoe@fourth.example")
    clock.move(timedelta(days=7, minutes=1))
    with pytest.raises(LinkExpired):
        operations.undo_email_change(token=undo)


def test_two_people_cannot_take_one_address(user, mailoutbox):
    other = UserFactory(email="other@old.example", password=PASSWORD)
    tokens = []
    for each in (user, other):
        ask(each)
        tokens.append(token_in(sent(mailoutbox)[NEW]))
    barrier, outcomes = Barrier(2), []

    def take(token):
        barrier.wait()
        try:
            operations.confirm_email_change(token=token)
            outcomes.append("changed")
        except AddressTaken:
            outcomes.append("taken")
        except DomainError as refusal:
            outcomes.append(type(refusal).__name__)
        finally:
            connection.close()

    threads = [Thread(target=take, args=[token]) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["changed", "taken"]
    assert sorted([address_of(user), address_of(other)]) in (
        sorted([NEW, "other@old.example"]),
        sorted([NEW, OLD]),
    )


def test_links_to_the_old_address_end(user, mailoutbox):
    from evently.accounts.links import login_token, password_reset_token

    login, reset = login_token(user), password_reset_token(user)
    changed(user, mailoutbox)

    with pytest.raises(LinkExpired):
        operations.log_in_by_link(token=login)
    with pytest.raises(LinkExpired):
        operations.reset_password(token=reset, password="another correct horse")


def test_deleted_account_keeps_no_addresses(user, mailoutbox):
    from boxoffice.lifecycle.operations import erase_person

    changed(user, mailoutbox)
    erase_person(user_id=user.pk, at_once=True)

    assert not EmailChange.objects.exists()
