"""Development mode answers this machine only."""

import pytest
from django.contrib.auth import get_user_model
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import path

from evently.accounts.factories import UserFactory
from evently.accounts.models import Role
from evently.development import DevelopmentGuardMiddleware

PATHS = ["/", "/log-in/", "/dev/mail/", "/dev/gallery/", "/admin/", "/api/v1/", "/metrics", "/x"]
PHONE = {"REMOTE_ADDR": "192.168.1.7", "HTTP_HOST": "192.168.1.2:8000"}


def status(path="/", *, debug=True, settings, **meta):
    settings.DEBUG = debug
    guard = DevelopmentGuardMiddleware(lambda request: HttpResponse("ok"))
    return guard(RequestFactory().get(path, **meta)).status_code


@pytest.fixture
def phone_allowed(settings):
    settings.DEVELOPMENT_ALLOWS = frozenset({"BIND"})


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "meta",
    [
        {"HTTP_X_FORWARDED_FOR": "198.51.100.7"},
        {"HTTP_X_FORWARDED_PROTO": "https"},
        {"HTTP_X_FORWARDED_FOR": ""},
        {"HTTP_FORWARDED": "for=198.51.100.7"},
        {"HTTP_X_REAL_IP": "198.51.100.7"},
        {"HTTP_VIA": "1.1 proxy"},
        # nginx without a line about headers.
        {"SERVER_PROTOCOL": "HTTP/1.0"},
        {"REMOTE_ADDR": "198.51.100.7"},
        {"REMOTE_ADDR": "192.168.1.7"},
        {"REMOTE_ADDR": ""},
        {"HTTP_HOST": "rebound.attacker.example"},
    ],
)
def test_others_are_refused_on_every_path(path, meta, settings):
    assert status(path, settings=settings, **meta) == 403
    assert status(path, settings=settings, debug=False, **meta) == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "meta",
    [{}, {"REMOTE_ADDR": "::1"}, {"HTTP_HOST": "localhost:8000"}, {"HTTP_HOST": "[::1]:8000"}],
)
def test_this_machine_gets_everything(path, meta, settings):
    assert status(path, settings=settings, **meta) == 200


@pytest.mark.parametrize("path", PATHS)
def test_phone_gets_the_site_where_it_is_allowed(path, settings, phone_allowed):
    public = not path.startswith(("/dev/", "/admin/", "/api/", "/metrics"))
    assert status(path, settings=settings, **PHONE) == (200 if public else 403)
    assert status(path, settings=settings, HTTP_X_FORWARDED_FOR="x", **PHONE) == 403
    assert status(path, settings=settings, **PHONE | {"REMOTE_ADDR": "198.51.100.7"}) == 403
    assert status(path, settings=settings, **PHONE | {"HTTP_HOST": "x.example"}) == 403


@pytest.mark.django_db
def test_phone_cannot_be_an_organizer(client, settings, phone_allowed):
    settings.DEBUG = True
    attendee, organizer = UserFactory(), UserFactory(role=Role.ADMIN)
    assert get_user_model().objects.get(pk=organizer.pk).is_staff
    for user, expected in ((attendee, 200), (organizer, 403)):
        client.force_login(user)
        assert client.get("/bookings/", **PHONE).status_code == expected
        assert client.get("/bookings/").status_code == 200


def fail(request):
    raise ValueError("hidden detail")


urlpatterns = [path("fail/", fail)]


@pytest.mark.urls(__name__)
def test_phone_sees_no_code_in_error_pages(client, settings, phone_allowed):
    settings.DEBUG = True
    client.raise_request_exception = False
    settings.MIDDLEWARE = ["evently.development.DevelopmentGuardMiddleware"]
    response = client.get("/fail/", **PHONE)
    assert (response.status_code, b"hidden detail" in response.content) == (500, False)
    assert b"hidden detail" in client.get("/fail/").content
