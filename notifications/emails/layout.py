"""The frame around every mail, and the styles that mail programs want on the elements.

A template holds plain elements (`<h1>`, `<p>`, `<a class="button">`, `<table class="facts">`), so
that people can write one. Here each gets its style inline, for mail programs that drop style
sheets, and the whole gets a head with the rules that cannot stand inline: dark mode, phones.
"""

from html.parser import HTMLParser
from pathlib import Path

from notifications.emails.placeholders import Rich, Values, fill_html

FRAME = (Path(__file__).parents[1] / "shipped" / "_frame.html").read_text()

FONT = "font-family:Inter,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;"
ACCENT = "#0b6b4d"

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


# A button stands in a cell of its own, for programs that give links no padding.
BUTTON_OPENS = (
    '<table role="presentation" cellpadding="0" cellspacing="0" border="0" '
    'style="margin:8px 0 24px;"><tr><td class="button-cell" align="center" '
    f'bgcolor="{ACCENT}" style="border-radius:12px;mso-padding-alt:14px 26px;">'
)
BUTTON_CLOSES = "</td></tr></table>"


class _Inliner(HTMLParser):
    """Copies a template as it is, and gives known elements their style."""

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


def inlined(html: str) -> str:
    """Return HTML with the styles of known elements inline; comments and the unknown are kept."""
    parser = _Inliner()
    parser.feed(html)
    parser.close()
    return "".join(parser.parts)


def framed(body: str, *, subject: str, preview: str, values: Values) -> str:
    """Return a whole mail out of its body; one that brings its own `<html>` stays as it is.

    preview: the line that mail programs show beside the subject.
    """
    if "<html" in body.lower():
        return body
    return fill_html(
        FRAME,
        {
            "subject": subject,
            "preview": preview,
            "content": Rich(text="", html=inlined(body)),
            "siteName": values["siteName"],
            "siteUrl": values["siteUrl"],
            "accountUrl": values["accountUrl"],
        },
    )
