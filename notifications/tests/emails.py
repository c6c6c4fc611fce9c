"""What tests look at in an email."""

from html.parser import HTMLParser

from django.core.mail import EmailMultiAlternatives

from notifications.models import EmailTemplate

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


def new_version(type_, **parts):
    """Put a version in the place of the shipped template."""
    EmailTemplate.objects.filter(template_type=type_).update(is_active=False)
    given = {"subject_template": "S", "html_template": "<p>H</p>", "text_template": "T"}
    return EmailTemplate.objects.create(template_type=type_, version=2, **(given | parts))
