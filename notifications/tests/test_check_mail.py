"""manage.py check_mail, against a real DNS server."""

import base64
import json
from io import StringIO

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.management import CommandError, call_command
from django.urls import reverse

from evently.accounts.factories import OrganizerFactory, SuperuserFactory
from evently.email_providers import SMTP, Provider
from notifications.providers.registry import CHAIN_BACKEND
from notifications.tests.dnsserver import dns_server

GOOD_SPF = "v=spf1 include:sendgrid.net ip4:192.0.2.0/24 -all"
GOOD_DMARC = "v=DMARC1; p=reject; rua=mailto:dmarc@mill.example"


def key_of(bits):
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key()
    content = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(content).decode()}"


@pytest.fixture(scope="module")
def keys():
    return {bits: key_of(bits) for bits in (1024, 2048)}


@pytest.fixture
def dns():
    with dns_server() as server:
        yield server


@pytest.fixture
def mill(dns, settings, keys):
    """A domain whose records are all right, and which sends by SendGrid and a mail server."""
    settings.DEFAULT_FROM_EMAIL = "Mill <tickets@mill.example>"
    settings.BOUNCE_ADDRESS = ""
    settings.EMAIL_DKIM_SELECTORS = []
    settings.EMAIL_BACKEND = CHAIN_BACKEND
    settings.EMAIL_PROVIDERS = (
        Provider("sendgrid", options={"api_key": "x"}),
        Provider(SMTP, options={"host": "out.mill.example"}),
    )
    dns.add("mill.example", "MX", "10 mx.mill.example.")
    dns.add("mx.mill.example", "A", "192.0.2.1")
    dns.add("out.mill.example", "A", "192.0.2.2")
    dns.add("mill.example", "TXT", "site-verification=1", GOOD_SPF)
    dns.add("sendgrid.net", "TXT", "v=spf1 ip4:198.51.100.0/24 ~all")
    dns.add("s1._domainkey.mill.example", "TXT", keys[2048])
    dns.add("_dmarc.mill.example", "TXT", GOOD_DMARC)
    return dns


def run(dns, **options):
    """Return the exit code, the sentences by level and subject, and the records to add."""
    out, code = StringIO(), 0
    try:
        call_command(
            "check_mail", server=dns.address, as_json=True, timeout=0.3, stdout=out, **options
        )
    except SystemExit as exit_:
        code = exit_.code
    findings = json.loads(out.getvalue())["findings"]
    told = [f"{each['level']} {each['about']}: {each['text']}" for each in findings]
    return code, "\n".join(told), [each["add"]["line"] for each in findings if each["add"]]


def replace(dns, name, kind, *values):
    dns.zone.pop((name, kind), None)
    dns.add(name, kind, *values)


def test_domain_with_all_records_is_fine(mill):
    code, told, records = run(mill)

    assert code == 0
    assert [line.split(":")[0] for line in told.split("\n")] == [
        "fine MX",
        "fine SPF",
        "fine DKIM",
        "fine DMARC",
    ]
    assert "refuse what comes from anywhere else (-all). It needs 1 of 10 lookups" in told
    assert "s1._domainkey.mill.example: RSA with 2048 bits" in told
    assert "to refuse them (p=reject)" in told
    assert not records
    assert max(mill.questions.values()) <= 4, "each name once per type; long ones again by TCP"


def test_everything_missing_is_told_with_the_records_to_add(dns, mill):
    mill.zone = {("sendgrid.net", "TXT"): mill.zone["sendgrid.net", "TXT"]}

    code, told, records = run(dns)

    assert code == 1
    assert told.count("problem ") == 4
    assert "has no MX record: replies are lost, and many servers refuse emails from it" in told
    assert records == [
        "mill.example. MX 10 MAIL-SERVER.mill.example.",
        'mill.example. TXT "v=spf1 include:sendgrid.net a:out.mill.example ~all"',
        'SELECTOR._domainkey.mill.example. TXT "v=DKIM1; k=rsa; p=THE-PUBLIC-KEY"',
        '_dmarc.mill.example. TXT "v=DMARC1; p=none; rua=mailto:postmaster@mill.example"',
    ]


@pytest.mark.parametrize(
    ("record", "level", "part"),
    [
        ("v=spf1 include:sendgrid.net a:out.mill.example ~all", "fine", "suspect what comes"),
        ("v=spf1 include:sendgrid.net ?all", "advice", "says nothing about emails from anywhere"),
        ("v=spf1 include:sendgrid.net", "advice", "says nothing about emails from anywhere"),
        ("v=spf1 redirect=sendgrid.net", "fine", "(~all). It needs 1 of 10"),
        ("v=spf1 mx ip6:2001:db8::/32 +all", "problem", "allows anyone"),
        ("v=spf1 mx mail.mill.example -all", "problem", "“mail.mill.example” in the record"),
        ("v=spf1 ip4:192.0.2.0/99 -all", "problem", "is no network"),
        ("v=spf1 include:none.example -all", "problem", "none.example, which has no SPF record"),
        ("v=spf1 include:loop.example -all", "problem", "loop.example includes itself"),
        ("v=spf1 include:deep0.example -all", "problem", "needs 13 lookups in DNS, and 10"),
        ("v=spf1 a:x1.example a:x2.example a:x3.example -all", "problem", "3 of its names have"),
        ("v=spf1 ptr include:sendgrid.net -all", "advice", "which many servers ignore"),
        ("v=spf1 ip4:192.0.2.0/24 -all", "advice", "does not include SendGrid"),
        ("v=spf1 exists:%{i}.spf.example include:sendgrid.net -all", "fine", "needs 2 of 10"),
    ],
)
def test_spf(mill, record, level, part):
    mill.add("loop.example", "TXT", "v=spf1 include:loop.example -all")
    for depth in range(12):
        mill.add(f"deep{depth}.example", "TXT", f"v=spf1 include:deep{depth + 1}.example -all")
    mill.add("deep12.example", "TXT", "v=spf1 -all")
    replace(mill, "mill.example", "TXT", record)

    code, told, _ = run(mill)

    assert code == (level == "problem")
    lines = [line for line in told.split("\n") if line.startswith(f"{level} SPF")]
    assert any(part in line for line in lines), told


def test_spf_proposes_the_record_with_what_is_missing(mill):
    mill.add("mill.example", "TXT", "v=spf1 mx -all")
    code, told, records = run(mill)
    assert (code, "has 2 SPF records" in told) == (1, True)
    assert records == ['mill.example. TXT "v=spf1 include:sendgrid.net ip4:192.0.2.0/24 mx ~all"']

    replace(mill, "mill.example", "TXT", "v=spf1 include:sendgrid.net -all")
    replace(mill, "out.mill.example", "A", "9.9.9.9")
    code, told, records = run(mill)
    assert (code, "does not allow out.mill.example (9.9.9.9)" in told) == (0, True)
    assert records == ['mill.example. TXT "v=spf1 include:sendgrid.net a:out.mill.example -all"']


@pytest.mark.parametrize(
    ("record", "level", "part"),
    [
        ("v=DKIM1; k=rsa; p=", "advice", "is revoked"),
        ("v=DKIM1; k=rsa; p=MIGf", "problem", "cannot be read"),
        ("v=DKIM1; k=ed25519; p=" + "A" * 43 + "=", "fine", "Ed25519"),
        ("v=DKIM1; h=sha1; p=MIGf", "problem", "not for emails of today"),
        (1024, "advice", "has 1024 bits: create one of 2048"),
    ],
)
def test_dkim(mill, keys, record, level, part):
    replace(mill, "s1._domainkey.mill.example", "TXT", keys.get(record, record))

    code, told, _ = run(mill)

    (line,) = [line for line in told.split("\n") if " DKIM: " in line]
    assert line.startswith(level)
    assert part in line
    assert code == (level == "problem")


def test_each_configured_selector_needs_a_key(mill, settings, keys):
    settings.EMAIL_DKIM_SELECTORS = ["s1", "winter", "old"]
    mill.add("old._domainkey.mill.example", "TXT", "v=DKIM1; p=")
    mill.add("winter._domainkey.mill.example", "TXT", keys[2048], keys[1024])

    code, told, _ = run(mill)

    assert code == 1
    assert "fine DKIM: There is a DKIM key at s1." in told
    assert "problem DKIM: There are 2 keys at winter." in told
    assert "problem DKIM: The key old._domainkey.mill.example is revoked" in told

    mill.zone.pop(("winter._domainkey.mill.example", "TXT"))
    _, told, records = run(mill)
    assert "no key at winter._domainkey.mill.example, a selector of EMAIL_DKIM_SELECTORS" in told
    assert records == ['winter._domainkey.mill.example. TXT "v=DKIM1; k=rsa; p=THE-PUBLIC-KEY"']


@pytest.mark.parametrize(
    ("record", "level", "part"),
    [
        ("v=DMARC1; p=quarantine; rua=mailto:a@mill.example", "fine", "among spam"),
        ("v=DMARC1; p=none; rua=mailto:a@mill.example", "advice", "ask for p=quarantine"),
        ("v=DMARC1; p=reject", "advice", "names no address for reports"),
        ("v=DMARC1; p=reject; rua=a@mill.example", "problem", "is no address like mailto:"),
        ("v=DMARC1; p=maybe", "problem", "has no policy that there is"),
        ("v=DMARC1; p=reject; pct=20; rua=mailto:a@mill.example", "advice", "pct=20"),
        ("v=DMARC1; p=reject; rua=mailto:a@reports.example", "advice", "does not say that it take"),
    ],
)
def test_dmarc(mill, record, level, part):
    replace(mill, "_dmarc.mill.example", "TXT", record)

    code, told, _ = run(mill)

    lines = [line for line in told.split("\n") if line.startswith(f"{level} DMARC")]
    assert any(part in line for line in lines), told
    assert code == (level == "problem")


def test_subdomain_uses_the_records_of_its_organization(mill, settings, keys):
    settings.DEFAULT_FROM_EMAIL = "tickets@box.mill.example"
    settings.BOUNCE_ADDRESS = "bounces@mill.example"
    mill.add("box.mill.example", "MX", "10 mx.mill.example.")
    replace(mill, "_dmarc.mill.example", "TXT", f"{GOOD_DMARC}; sp=quarantine")

    code, told, _ = run(mill)

    assert code == 0
    assert "which counts for box.mill.example. It asks other servers, of emails" in told
    assert "to put them among spam (p=quarantine)" in told
    assert "Emails to mill.example arrive at mx.mill.example" in told

    replace(mill, "_dmarc.mill.example", "TXT", f"{GOOD_DMARC}; adkim=s; aspf=s")
    code, told, _ = run(mill)
    assert code == 1
    assert "DMARC asks for those of box.mill.example (adkim=s)" in told
    assert "says nothing for DMARC about box.mill.example (aspf=s" in told


def test_bounce_address_of_another_domain_needs_mx_and_spf_of_its_own(mill, settings):
    settings.BOUNCE_ADDRESS = "bounces@other.example"

    code, told, records = run(mill)

    assert code == 1
    assert "other.example has no MX record: what cannot be delivered does not come back" in told
    assert "problem SPF: other.example has no SPF record" in told
    assert "everything depends on DKIM" in told
    assert records[1].startswith('other.example. TXT "v=spf1 ')


@pytest.mark.parametrize(
    ("values", "level", "part"),
    [
        (["0 ."], "problem", "takes no emails"),
        (["10 gone.mill.example."], "problem", "gone.mill.example, which has no addresses"),
        ([], "advice", "go to its web server's addresses (192.0.2.80)"),
    ],
)
def test_mx(mill, values, level, part):
    replace(mill, "mill.example", "MX", *values)
    mill.add("mill.example", "A", "192.0.2.80")

    code, told, _ = run(mill)

    (line,) = [line for line in told.split("\n") if " MX: " in line]
    assert line.startswith(level)
    assert part in line
    assert code == (level == "problem")


def test_servers_that_fail_or_are_silent_are_told_apart_from_missing_records(mill):
    mill.failing = {"_dmarc.mill.example"}
    mill.silent = {"sendgrid.net"}

    code, told, records = run(mill)

    assert code == 3
    assert "unknown DMARC: The DMARC record of mill.example could not be looked up" in told
    assert "the DNS server says SERVFAIL" in told
    assert "SPF record of sendgrid.net is not known: no DNS server answered within 0.3 s" in told
    assert "problem" not in told
    assert not records


def test_a_server_that_is_down_is_asked_twice_at_most(mill):
    mill.silent = {f"{name}mill.example" for name in ("", "_dmarc.", "s1._domainkey.")}

    code, told, _ = run(mill)

    assert code == 3
    assert "no DNS server has answered before" in told
    assert "missing" not in told


@pytest.mark.django_db
def test_superusers_find_the_same_in_the_admin(mill, settings, client):
    settings.EMAIL_DNS_SERVER = mill.address
    mill.zone.pop(("_dmarc.mill.example", "TXT"))
    url = reverse("admin:notifications_sender_domains")
    client.force_login(SuperuserFactory())
    emails = client.get(reverse("admin:notifications_emaildelivery_changelist"))
    assert f'action="{url}"' in emails.content.decode()
    assert not mill.questions, "nothing is asked before it is asked for"

    page = client.post(url).content.decode()

    assert "RSA with 2048 bits" in page
    assert "<strong>Problem</strong>" in page
    assert "_dmarc.mill.example. TXT &quot;v=DMARC1; p=none;" in page

    again = client.get(url)
    assert (again.status_code, again.headers["Allow"]) == (405, "POST")
    assert "Check the DNS records</button>" in again.content.decode()
    client.force_login(OrganizerFactory())
    assert client.post(url).status_code == 403


def test_output_for_people_and_wrong_arguments(mill, settings):
    out = StringIO()
    call_command("check_mail", server=mill.address, stdout=out, no_color=True)
    assert out.getvalue().startswith("Fine     MX     Emails to mill.example arrive at")

    settings.DEFAULT_FROM_EMAIL = "tickets@localhost"
    code, told, _ = run(mill)
    assert code == 1
    assert "localhost is no domain that others can look up" in told
    with pytest.raises(CommandError, match="must be the address of a DNS server"):
        call_command("check_mail", server="dns.example")
