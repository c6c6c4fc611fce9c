"""The layout around every email, and the inline styles that email clients need.

A template holds plain elements (`<h1>`, `<p>`, `<a class="button">`, `<table class="facts">`), so
that organizers can write one. Here each element gets its style inline, for email clients that drop
style sheets; the layout's head has the rules that cannot be inline: dark mode and small screens.
"""

from html import escape
from html.parser import HTMLParser
from pathlib import Path

from notifications.emails.placeholders import RichValue, Value

LAYOUT = (Path(__file__).parents[1] / "shipped" / "_frame.html").read_text()

FONT = "font-family:Inter,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;"
ACCENT = "#0b6b4d"
# At the foot, for those who have an account.
MANAGE = (
    '<a href="{}" style="color:#6c635a;text-decoration:underline;">Manage your email notifications'
    "</a>."
)

# By element, or element and class; a class adds to its element.
STYLES = {
    "h1": f"margin:0 0 12px;{FONT}font-size:26px;line-height:1.25;font-weight:700;"
    "letter-spacing:-0.01em;color:#1c1916;",
    "h2": f"margin:28px 0 8px;{FONT}font-size:17px;line-height:1.35;font-weight:700;color:#1c1916;",
    "p": f"margin:0 0 16px;{FONT}font-size:16px;line-height:1.55;color:#1c1916;",
    "p.muted": "font-size:14px;color:#5b534b;",
    "p.lead": "font-size:17px;",
    "p.code": "font-family:ui-monospace,Menlo,Consolas,monospace;letter-spacing:0.02em;",
    "a": f"color:{ACCENT};text-decoration:underline;",
    "a.button": "display:inline-block;padding:14px 26px;border-radius:12px;"
    f"background-color:{ACCENT};color:#ffffff;font-weight:600;font-size:16px;line-height:1.2;"
    f"text-decoration:none;text-align:center;{FONT}",
    "table.facts": "width:100%;border-collapse:collapse;margin:4px 0 20px;",
    "table.notice": "width:100%;border-collapse:separate;border-spacing:0;margin:4px 0 20px;"
    "background-color:#fdf1d6;border-radius:12px;",
    "div.tickets": "margin:4px 0 12px;",
    "th": f"{FONT}font-size:14px;line-height:1.5;font-weight:400;text-align:left;"
    "vertical-align:top;padding:9px 16px 9px 0;border-top:1px solid #e7e2da;color:#5b534b;"
    "width:104px;",
    "td": f"{FONT}font-size:16px;line-height:1.45;vertical-align:top;color:#1c1916;"
    "word-break:break-word;overflow-wrap:anywhere;",
    "td.fact": "padding:8px 0;border-top:1px solid #e7e2da;font-weight:500;",
    "td.notice": "padding:14px 18px;color:#7a4700;",
    "div.ticket": f"{FONT}display:inline-block;margin:0 12px 12px 0;padding:12px 14px 10px;"
    "border:1px solid #e7e2da;border-radius:14px;font-size:14px;line-height:1.5;color:#5b534b;",
    "img.code": "display:block;width:168px;height:168px;border-radius:8px;"
    "background-color:#ffffff;",
}


# A button is in a table cell of its own, for email clients that ignore the padding of links.
BUTTON_OPENS = (
    '<table role="presentation" cellpadding="0" cellspacing="0" border="0" '
    'style="margin:8px 0 24px;"><tr><td class="button-cell" align="center" '
    f'bgcolor="{ACCENT}" style="border-radius:12px;mso-padding-alt:14px 26px;">'
)
BUTTON_CLOSES = "</td></tr></table>"


class _Inliner(HTMLParser):
    """Copies a template unchanged, except that elements in STYLES get a `style` attribute."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.parts: list[str] = []
        self.in_button = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        source = self.get_starttag_text() or ""
        given = dict(attrs)
        classes = (given.get("class") or "").split()
        known = [STYLES[name] for name in [tag, *[f"{tag}.{c}" for c in classes]] if name in STYLES]
        if known and "style" not in given:
            opened = f"<{tag}"
            source = f'{opened} style="{"".join(known)}"{source[len(opened) :]}'
        if tag == "a" and "button" in classes:
            self.in_button = True
            self.parts.append(BUTTON_OPENS)
        self.parts.append(source)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self.parts.append(f"</{tag}>")
        if tag == "a" and self.in_button:
            self.in_button = False
            self.parts.append(BUTTON_CLOSES)

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_entityref(self, name: str) -> None:
        self.parts.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.parts.append(f"&#{name};")

    def handle_comment(self, data: str) -> None:
        self.parts.append(f"<!--{data}-->")


def inline_styles(html: str) -> str:
    """Return HTML with the styles of known elements inline; everything else stays unchanged."""
    parser = _Inliner()
    parser.feed(html)
    parser.close()
    return "".join(parser.parts)


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


def is_page(body: str) -> bool:
    """Return whether a template brings its own page instead of standing in the layout."""
    return "<html" in body.lower()


def in_layout(body: str) -> str:
    """Return the template of a whole email around that of its body, with all styles inline.

    It has the placeholders of LAYOUT besides those of the body, which stay as they are.
    """
    before, after = LAYOUT.split("{content}")
    return f"{before}{inline_styles(body)}{after}"
