"""Texts that people typed, as HTML: everything escaped, links and line breaks kept."""

from django.utils.html import linebreaks, urlize
from django.utils.safestring import SafeString, mark_safe

# Search engines must not count them (nofollow, ugc), and the page behind must not reach this one.
REL = ' rel="nofollow ugc noopener"'


def linked(text: str) -> SafeString:
    """Return a text whose web and email addresses are links.

    Only http, https and mailto: no other scheme becomes a link.
    """
    # Escaped before, so this attribute can only be of a link that urlize has made.
    return mark_safe(urlize(text, nofollow=True, autoescape=True).replace(' rel="nofollow"', REL))  # noqa: S308


def prose(text: str) -> SafeString:
    """Return a text as paragraphs, with links."""
    return mark_safe(linebreaks(linked(text)))  # noqa: S308
