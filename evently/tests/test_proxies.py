"""Which address a request comes from, behind which proxies."""

import re
from datetime import timedelta

import pytest
from django.test import RequestFactory
from django.urls import reverse

from evently import health, proxies
from evently.accounts.operations import rate_limits
from evently.origin import (
    ForwardedSchemeMiddleware,
    client_address,
    is_from_this_machine,
    origin_of,
)
from evently.settings.applications import MIDDLEWARE
from evently.throttle import Limit

ONE = "127.0.0.1,::1"


def address(peer, forwarded_for, trusted, settings):
    settings.TRUSTED_PROXIES = proxies.parse(trusted)
    meta = {} if forwarded_for is None else {"HTTP_X_FORWARDED_FOR": forwarded_for}
    return client_address(RequestFactory().get("/", REMOTE_ADDR=peer, **meta))


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "trusted", "client"),
    [
        # Without trusted proxies, no header counts.
        ("127.0.0.1", "198.51.100.7", "", "127.0.0.1"),
        ("203.0.113.9", "198.51.100.7", ONE, "203.0.113.9"),
        # A client puts addresses before the one that the proxy appends.
        ("127.0.0.1", "198.51.100.7", ONE, "198.51.100.7"),
        ("127.0.0.1", "10.9.9.9, 198.51.100.7", ONE, "198.51.100.7"),
        ("127.0.0.1", "127.0.0.1, 198.51.100.7", ONE, "198.51.100.7"),
        ("127.0.0.1", "8.8.8.8,198.51.100.7", "1", "198.51.100.7"),
        # The same header twice arrives joined by a comma.
        ("127.0.0.1", "8.8.8.8,198.51.100.7,198.51.100.8", ONE, "198.51.100.8"),
        # Two proxies, by number and by network.
        ("10.0.0.2", "8.8.8.8, 198.51.100.7, 10.0.0.3", "2", "198.51.100.7"),
        ("10.0.0.2", "8.8.8.8, 198.51.100.7, 10.0.0.3", "10.0.0.0/8", "198.51.100.7"),
        ("10.0.0.2", "198.51.100.7", "2", "198.51.100.7"),
        # A number means proxies nearby, not clients on the internet.
        ("203.0.113.9", "198.51.100.7", "1", "203.0.113.9"),
        # Nothing but proxies: the outermost.
        ("10.0.0.2", "10.0.0.4, 10.0.0.3", "10.0.0.0/8", "10.0.0.4"),
        # IPv6, ports, brackets, zones, IPv4 within IPv6.
        ("::1", "2001:db8::7", ONE, "2001:db8::7"),
        ("::1", "[2001:db8::7]:4711", ONE, "2001:db8::7"),
        ("::1", '"[2001:db8::7]"', ONE, "2001:db8::7"),
        ("::ffff:127.0.0.1", "198.51.100.7:4711", ONE, "198.51.100.7"),
        ("::1", "::ffff:198.51.100.7", ONE, "198.51.100.7"),
        ("fe80::2%eth0", "198.51.100.7", "fe80::/10", "198.51.100.7"),
        # Empty and garbage: the proxy that sent it.
        ("127.0.0.1", None, ONE, "127.0.0.1"),
        ("127.0.0.1", "", ONE, "127.0.0.1"),
        ("127.0.0.1", "unknown", ONE, "127.0.0.1"),
        ("127.0.0.1", "198.51.100.7, _hidden", ONE, "127.0.0.1"),
        ("127.0.0.1", "198.51.100.7,", ONE, "127.0.0.1"),
        ("127.0.0.1", "1" * 8000, ONE, "127.0.0.1"),
        ("127.0.0.1", "9.9.9.9," * 900 + "198.51.100.7", ONE, "198.51.100.7"),
        ("10.0.0.2", ("10.0.0.1," * 900).strip(","), "10.0.0.0/8", "10.0.0.1"),
        # Unix sockets have no address.
        ("", None, "", None),
        ("", "198.51.100.7", "", None),
        ("", "198.51.100.7", ONE, None),
        ("", "8.8.8.8, 198.51.100.7", "unix", "198.51.100.7"),
        ("", "8.8.8.8, 198.51.100.7", "1", "198.51.100.7"),
        ("", "unknown", "unix", None),
    ],
)
def test_client_address(peer, forwarded_for, trusted, client, settings):
    assert address(peer, forwarded_for, trusted, settings) == client


def test_forwarded_and_other_headers_name_no_client(settings):
    settings.TRUSTED_PROXIES = proxies.parse(ONE)
    request = RequestFactory().get(
        "/", REMOTE_ADDR="127.0.0.1", HTTP_FORWARDED="for=8.8.8.8", HTTP_X_REAL_IP="8.8.8.8"
    )
    assert origin_of(request).ip_address == "127.0.0.1"


@pytest.mark.parametrize(
    "text", ["yess", "true", "127.0.0.1;::1", "10.0.0.0/99", "0.0.0.0/0", "99"]
)
def test_wrong_proxies_are_refused(text):
    with pytest.raises(ValueError, match=re.escape(text)):
        proxies.parse(text)


@pytest.mark.parametrize(
    ("peer", "proto", "trusted", "secure"),
    [
        ("127.0.0.1", "https", ONE, True),
        ("127.0.0.1", "http", ONE, False),
        # What the client sent comes first.
        ("127.0.0.1", "https, http", ONE, False),
        ("127.0.0.1", "http, https", ONE, True),
        ("127.0.0.1", "", ONE, False),
        ("127.0.0.1", "wss", ONE, False),
        ("203.0.113.9", "https", ONE, False),
        ("203.0.113.9", "https", "1", False),
        ("", "https", "unix", True),
        ("", "https", ONE, False),
    ],
)
def test_scheme_is_what_trusted_proxies_saw(peer, proto, trusted, secure, settings):
    settings.TRUSTED_PROXIES = proxies.parse(trusted)
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    request = RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_PROTO=proto)
    seen = []
    ForwardedSchemeMiddleware(lambda request: seen.append(request.is_secure()))(request)
    assert seen == [secure]


def test_scheme_is_decided_before_anything_reads_it():
    names = [name.rpartition(".")[2] for name in MIDDLEWARE]
    assert names.index("ForwardedSchemeMiddleware") < names.index("SecurityMiddleware")


@pytest.mark.parametrize(
    "meta",
    [
        {"HTTP_X_FORWARDED_FOR": ""},
        {"HTTP_X_FORWARDED_HOST": "x"},
        {"HTTP_FORWARDED": "for=x"},
        {"HTTP_VIA": "1.1 proxy"},
        {"HTTP_CF_CONNECTING_IP": "8.8.8.8"},
        {"SERVER_PROTOCOL": "HTTP/1.0"},
        {"REMOTE_ADDR": "192.168.1.7"},
        {"REMOTE_ADDR": ""},
    ],
)
def test_request_through_a_proxy_is_not_from_this_machine(meta):
    assert is_from_this_machine(RequestFactory().get("/"))
    assert not is_from_this_machine(RequestFactory().get("/", **meta))


@pytest.mark.parametrize(
    ("trusted", "public_url"), [(ONE, "http://localhost:8000"), ("", "https://tickets.example.org")]
)
def test_metrics_behind_a_proxy_need_the_token(trusted, public_url, settings, monkeypatch):
    settings.TRUSTED_PROXIES, settings.PUBLIC_URL = proxies.parse(trusted), public_url
    monkeypatch.setenv("METRICS_TOKEN", "right")
    # A proxy that adds no header at all.
    bare = RequestFactory().get("/metrics", REMOTE_ADDR="127.0.0.1")
    assert health.metrics_page(bare).status_code == 403
    with_token = RequestFactory().get("/metrics", HTTP_AUTHORIZATION="Bearer right")
    assert health.metrics_page(with_token).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("trusted", ["", ONE])
def test_invented_addresses_do_not_escape_the_rate_limit(trusted, settings, client, monkeypatch):
    settings.TRUSTED_PROXIES = proxies.parse(trusted)
    few = Limit(f"log_in_client_{trusted}", most=3, window=timedelta(minutes=15))
    monkeypatch.setattr(rate_limits, "LOG_IN_CLIENT", few)
    statuses = set()
    # More than twice the limit, since a window may end meanwhile.
    for number in range(2 * few.most + 1):
        invented = f"10.1.{number}.9"
        # The proxy appends the true address.
        forwarded_for = f"{invented}, 198.51.100.7" if trusted else invented
        response = client.post(
            reverse("log_in"),
            {"email": f"person{number}@example.org", "password": "wrong"},
            headers={"X-Forwarded-For": forwarded_for},
        )
        statuses.add(response.status_code)
    assert 429 in statuses
