"""What tests look at in an email."""

from html.parser import HTMLParser

from django.core.mail import EmailMultiAlternatives

VOID = {"meta", "img", "br", "hr", "input", "link"}


class _Balance(HTMLParser):
    """Fails where an element is closed that was not the last one opened."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def assert_balanced(html: str) -> None:
    balance = _Balance()
    balance.feed(html)
    assert balance.open == []


def html_of(email: EmailMultiAlternatives) -> str:
    ((content, content_type),) = email.alternatives
    assert content_type == "text/html"
    return content
