"""Texts that people typed, as HTML."""

import pytest

from evently.rich_text import linked, prose

REL = 'rel="nofollow ugc noopener"'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        (
            "See https://example.org/a?b=1&c=2.",
            f'See <a href="https://example.org/a?b=1&amp;c=2" {REL}>'
            "https://example.org/a?b=1&amp;c=2</a>.",
        ),
        (
            "(http://example.org)",
            f'(<a href="http://example.org" {REL}>http://example.org</a>)',
        ),
        (
            "Ask box@example.org!",
            'Ask <a href="mailto:box@example.org">box@example.org</a>!',
        ),
        ("javascript:alert(1) data:text/html,x", "javascript:alert(1) data:text/html,x"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ('x rel="nofollow"', "x rel=&quot;nofollow&quot;"),
    ],
)
def test_addresses_become_links_and_everything_else_is_escaped(text, html):
    assert linked(text) == html


@pytest.mark.parametrize(
    "text", ['https://example.org/"onmouseover="alert(1)', "https://example.org/'><script>"]
)
def test_address_cannot_leave_its_attribute(text):
    html = linked(text)

    assert "<script" not in html
    assert '"onmouseover' not in html


def test_line_breaks_and_paragraphs_are_kept():
    assert prose("One\r\ntwo\n\nthree <b>") == "<p>One<br>two</p>\n\n<p>three &lt;b&gt;</p>"
