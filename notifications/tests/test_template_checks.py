"""What may be saved as an email template: placeholders only, harmless HTML, links that work."""

import pytest

from evently.errors import Invalid
from notifications.emails.checking import TemplateInvalid, check_template
from notifications.emails.layout import TooManyTags, inline_styles
from notifications.emails.samples import sample_content
from notifications.emails.sanitizing import clean_html
from notifications.emails.templates import render_bounded, shipped
from notifications.emails.variables import DESCRIPTIONS, VARIABLES
from notifications.template_models import Template, TemplateType

CANCELLATION = TemplateType.CANCELLATION
GOOD = {"subject": "Cancelled", "html": "<p>Hello {userName}</p>", "text": "Hello {userName}"}


def checked(**parts):
    return check_template(CANCELLATION, Template(**(GOOD | parts)))


def refused(**parts):
    with pytest.raises(TemplateInvalid) as refusal:
        checked(**parts)
    return refusal.value.fields


def test_every_shipped_template_may_be_saved_and_has_a_sample():
    for type_ in TemplateType:
        found = check_template(type_, shipped(type_))
        assert found.removed == []
        assert found.template.html.split() == shipped(type_).html.split(), "nothing is changed"
        rendered = render_bounded(found.template, sample_content(type_).values)
        assert "{" not in rendered.subject + rendered.text
        assert "[" not in rendered.text, "a placeholder without an example"
    assert {name for names in VARIABLES.values() for name in names} <= DESCRIPTIONS.keys()


@pytest.mark.parametrize(
    "attack",
    [
        "{password}",
        "{userName.email}",
        "{userName.__class__.__mro__}",
        "{userName[0]}",
        "{userName!r}",
        "{userName:>1000000}",
        "{0}",
        "{}",
        "{ userName }",
        "{% include 'settings' %}",
        "{{ userName.password }}",
    ],
)
def test_anything_but_a_known_placeholder_is_refused(attack):
    fields = refused(subject=f"A {attack}", html=f"<p>{attack}</p>", text=attack)

    assert set(fields) == {"subject", "html", "text"}
    inner = attack[attack.rindex("{") : attack.index("}") + 1]
    for sentence in fields.values():
        assert sentence.startswith(f"{inner} is not a placeholder of this email. You can use: ")
        assert "{userName}" in sentence


@pytest.mark.parametrize(
    ("attack", "gone"),
    [
        ("<script>alert(1)</script>", "alert"),
        ("<p onclick='alert(1)'>x</p>", "onclick"),
        ("<img src=https://a.example/x onerror=alert(1)>", "onerror"),
        ("<svg><script>alert(1)</script></svg>", "script"),
        ("<iframe srcdoc='<script>alert(1)</script>'></iframe>", "iframe"),
        ("<form action=https://a.example><input name=p></form>", "<form"),
        ("<style>body { background: url(https://a.example) }</style>", "background"),
        ("<!--[if mso]><script>alert(1)</script><![endif]-->", "script"),
        ("<p style='position: fixed; color: red'>x</p>", "fixed"),
        ("<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>", "onerror"),
        ("<meta http-equiv=refresh content=0>", "meta"),
        ("<base href=https://a.example>", "base"),
    ],
)
def test_what_runs_or_loads_is_removed_or_refused(attack, gone):
    html = f"<p>Hello</p>{attack}"
    assert gone not in clean_html(html)
    try:
        found = checked(html=html)
    except TemplateInvalid:
        return
    assert found.removed
    assert gone not in found.template.html


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "JaVa&#9;Script:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "http://plain.example/",
        "//other.example/",
        "/relative",
        "https://",
        "https://localhost/",
        "https://a.example/{userName}",
        "{userName}",
        "{siteUrl}.evil.example/",
        "{eventUrl}@evil.example",
        "mailto:nobody",
        "",
    ],
)
def test_links_that_are_none_are_refused(link):
    fields = refused(html=f'<p>Hello <a href="{link}">x</a></p>')

    assert "cannot be used. Links begin with https:// or mailto:" in fields["html"]
    assert "{eventUrl}" in fields["html"]


@pytest.mark.parametrize(
    "link",
    [
        "https://venue.example/how?a=1&amp;b=2",
        "mailto:box@venue.example",
        "{eventUrl}",
        "{siteUrl}/how-it-works/",
    ],
)
def test_links_that_lead_somewhere_stay(link):
    assert f'href="{link}"' in checked(html=f'<p><a href="{link}">x</a></p>').template.html


@pytest.mark.parametrize(
    "html",
    [
        '<p style="color: {userName}">x</p>',
        '<p class="{userName}">x</p>',
        '<img src="{userName}" alt="x">',
        '<img src="data:image/svg+xml,x" alt="x">',
    ],
)
def test_placeholders_in_attributes_are_refused(html):
    assert set(refused(html=html)) == {"html"}


@pytest.mark.parametrize("line_end", ["\r\nBcc: all@example.org", "\n", "\x00", "\u2028", "\x1b"])
def test_a_subject_is_one_line(line_end):
    assert set(refused(subject=f"Cancelled{line_end}x")) == {"subject"}


@pytest.mark.parametrize("repeated", ["{userName}", "a", "<b>", "<div>", "<a href='x'>", "{"])
def test_a_megabyte_is_refused(repeated):
    text = repeated * (1_000_000 // len(repeated))

    assert set(refused(subject=text, html=text, text=text)) == {"subject", "html", "text"}


def test_what_fits_but_would_not_end_is_refused():
    assert "placeholders" in refused(text="{userName} " * 201)["text"]
    assert "nested" in refused(html="<div>" * 51 + "x")["html"]
    assert "elements" in refused(html="<br>" * 1_501 + "x")["html"]
    many = sample_content(CANCELLATION).values | {"userName": "x" * 1_000}
    with pytest.raises(Invalid, match="so long that email clients cut it off"):
        render_bounded(Template("S", "{userName}" * 150, "T"), many)


def test_unclosed_elements_do_not_end_the_process():
    """Nested 20,000 deep, they overflow the stack of the inliner."""
    with pytest.raises(TooManyTags):
        inline_styles("<div>" * 20_000)


def test_unreadable_styles_are_refused_with_a_sentence():
    with pytest.raises(Invalid, match="A style attribute cannot be read"):
        inline_styles('<p style="x">y</p>')


def test_an_email_keeps_what_its_recipient_needs():
    fields = {}
    with pytest.raises(TemplateInvalid) as refusal:
        check_template(TemplateType.WELCOME, Template("Hi", "<p>Hello</p>", "Hello"))
    fields = refusal.value.fields

    assert set(fields) == {"html", "text"}
    assert "{verifyUrl}" in fields["html"]
