"""Clean the HTML of email templates: what email clients show, and nothing that runs or loads.

nh3 keeps what is listed here. People are told what it removes, so that no part of a template
disappears silently.
"""

from collections.abc import Iterator
from html.parser import HTMLParser

import nh3

ELEMENTS = """
    a b blockquote br center code div em h1 h2 h3 hr i img li ol p pre s small span strong sub sup
    table tbody td tfoot th thead tr u ul
"""
# None of them loads anything, nor leaves the element's own place.
PROPERTIES = """
    background-color border border-bottom border-bottom-color border-bottom-style
    border-bottom-width border-collapse border-color border-left border-radius border-right
    border-spacing border-style border-top border-width color direction display font-family
    font-size font-style font-weight height letter-spacing line-height list-style-type margin
    margin-bottom margin-left margin-right margin-top max-height max-width min-height min-width
    mso-line-height-rule mso-padding-alt padding padding-bottom padding-left padding-right
    padding-top table-layout text-align text-decoration text-transform vertical-align white-space
    width word-break word-spacing
"""
TAGS = frozenset(ELEMENTS.split())
STYLES = frozenset(PROPERTIES.split())
_LAYOUT = {"align", "bgcolor", "height", "valign", "width"}
_TABLE = {"border", "cellpadding", "cellspacing", "role"}
ATTRIBUTES: dict[str, set[str]] = {
    "*": {"class", "dir", "lang", "style", "title"},
    "a": {"href"},
    "img": {"alt", "border", "height", "src", "width"},
    "table": _LAYOUT | _TABLE,
    "td": _LAYOUT | {"colspan", "rowspan"},
    "th": _LAYOUT | {"colspan", "rowspan", "scope"},
    "tr": {"align", "bgcolor", "valign"},
    **{tag: {"align"} for tag in ("div", "h1", "h2", "h3", "p")},
}
SCHEMES = frozenset({"https", "mailto"})

_cleaner = nh3.Cleaner(
    tags=set(TAGS),
    # Their content is no text.
    clean_content_tags={"script", "style", "title", "template", "noscript", "iframe", "object"},
    attributes=ATTRIBUTES,
    url_schemes=set(SCHEMES),
    filter_style_properties=set(STYLES),
    link_rel=None,
    strip_comments=True,
)


def clean_html(html: str) -> str:
    """Return HTML with only what is allowed in templates; its placeholders stay."""
    cleaned = _cleaner.clean(html)
    if "<tbody" not in html.lower():
        # Which a parser adds to all tables: what its author wrote stays as it was.
        cleaned = cleaned.replace("<tbody>", "").replace("</tbody>", "")
    return cleaned


def removed_from(html: str) -> list[str]:
    """Return what `clean_html` takes away, each once, such as `<script>` or `onclick`."""
    found = _Removed()
    found.feed(html)
    found.close()
    return sorted(found.names)


class _Removed(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.names.add(f"<{tag}>")
            return
        allowed = ATTRIBUTES["*"] | ATTRIBUTES.get(tag, set())
        for name, value in attrs:
            if name not in allowed:
                self.names.add(name)
            elif name == "style":
                self.names |= {each for each in _properties(value or "") if each not in STYLES}

    def handle_comment(self, data: str) -> None:
        self.names.add("<!-- -->")

    def handle_decl(self, decl: str) -> None:
        self.names.add("<!doctype>")

    def handle_pi(self, data: str) -> None:
        self.names.add("<?…>")


def _properties(style: str) -> Iterator[str]:
    for part in style.split(";"):
        name = part.partition(":")[0].strip().lower()
        if name:
            yield name
