"""The layout around every email, and the inline styles that email clients need.

A template holds plain elements (`<h1>`, `<p>`, `<a class="button">`, `<table class="facts">`), so
that people can write one. Here css-inline gives each element its style from `_content.css`, for
email clients that drop style sheets; the layout's head has the rules that cannot be inline: dark
mode and small screens.
"""

import re
from html import escape
from pathlib import Path

from css_inline import CSSInliner, InlineError

from evently.errors import Invalid
from notifications.emails.placeholders import RichValue, Value, Values

SHIPPED = Path(__file__).parents[1] / "shipped"
LAYOUT = (SHIPPED / "_frame.html").read_text(encoding="utf-8")
CONTENT_CSS = (SHIPPED / "_content.css").read_text(encoding="utf-8")

# At the foot, for those who have an account.
MANAGE = (
    '<a href="{}" style="color:#6c635a;text-decoration:underline;">Manage your email notifications'
    "</a>."
)
# The foot of `_frame.html`, for the plain text.
FOOT = "--\nYou receive this email from {} because of your account or a booking.\n"
MANAGE_IN_TEXT = "Manage your email notifications: {}\n"
BUTTON = re.compile(
    r"<a\s[^<>]*\bclass=[\"'][^\"'<>]*\bbutton\b[^<>]*>.*?</a\s*>", re.DOTALL | re.IGNORECASE
)
# Not a layout that is read as a table, and with attributes that Outlook heeds.
BUTTON_TABLE = (
    '<table role="presentation" class="button-table" cellpadding="0" cellspacing="0" border="0">'
    '<tr><td class="button-cell" align="center" bgcolor="#0b6b4d">{}</td></tr></table>'
)
# Far more than any email has. Deeply nested elements would overflow the stack of the inliner, which
# ends the process; not closing them is nesting, so what counts is how many there are.
MOST_TAGS = 3_000
# What styles an element may have already comes from the template, and nothing is loaded.
_inliner = CSSInliner(inline_style_tags=False, keep_style_tags=True, load_remote_stylesheets=False)


class TooManyTags(Invalid):
    code = "too_many_tags"
    message = "This text has too many HTML elements."


class StyleUnreadable(Invalid):
    code = "style_unreadable"
    message = 'A style attribute cannot be read. Write it as in style="color: #333333".'


def inline_styles(html: str) -> str:
    """Return a fragment of HTML with the styles of `_content.css` inline, its buttons in cells.

    Elements keep the styles that they have themselves, which come first. Raises TooManyTags,
    StyleUnreadable.
    """
    if html.count("<") > MOST_TAGS:
        raise TooManyTags
    with_buttons = BUTTON.sub(lambda found: BUTTON_TABLE.format(found[0]), html)
    try:
        return _inliner.inline_fragment(with_buttons, CONTENT_CSS)
    except InlineError as error:
        raise StyleUnreadable from error


def styled(value: Value) -> str:
    """Return a value as HTML for a template whose own elements have their styles already."""
    if isinstance(value, str):
        return escape(value)
    if value.is_styled or "<" not in value.html:
        return value.html
    return inline_styles(value.html)


def manage_link(account_url: Value) -> Value:
    """Return the link to the email settings, for the foot of an email; "" without an account."""
    if not account_url:
        return ""
    return RichValue("", MANAGE.format(escape(str(account_url))), is_styled=True)


def foot_of_text(values: Values) -> str:
    """Return what stands at the end of the plain text of any email."""
    account_url = values.get("accountUrl", "")
    manage = MANAGE_IN_TEXT.format(account_url) if account_url else ""
    return FOOT.format(values["siteName"]) + manage


def is_page(body: str) -> bool:
    """Return whether a template brings its own page instead of standing in the layout."""
    return "<html" in body.lower()


def in_layout(body: str) -> str:
    """Return the template of a whole email around that of its body, with all styles inline.

    It has the placeholders of LAYOUT besides those of the body, which stay as they are. Raises
    TooManyTags, StyleUnreadable.
    """
    before, after = LAYOUT.split("{content}")
    return f"{before}{inline_styles(body)}{after}"
