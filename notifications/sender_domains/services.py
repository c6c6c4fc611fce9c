"""What the providers of emails usually need in DNS: their part of SPF, and selectors of DKIM.

A service that is not here, or whose selectors are random (Postmark, Scaleway, Amazon SES), shows
its own on its page for the domain.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from evently.email_providers import KINDS, Provider


@dataclass(frozen=True)
class Service:
    """A service of which the needs are known.

    label: its name. include: the domain that its customers include in SPF. selectors: its usual
    ones. hosts: how the names of its mail servers end.
    """

    label: str
    include: str = ""
    selectors: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


SERVICES = {
    "brevo": Service("Brevo", "spf.brevo.com", ("brevo1", "brevo2", "mail"), (".brevo.com",)),
    "mailersend": Service(
        "MailerSend", "_spf.mailersend.net", ("mlsend", "mlsend2"), (".mailersend.net",)
    ),
    "mailgun": Service(
        "Mailgun", "mailgun.org", ("mailo", "smtp", "mta", "k1", "pic", "email"), (".mailgun.org",)
    ),
    "mailjet": Service("Mailjet", "spf.mailjet.com", ("mailjet",), (".mailjet.com",)),
    "mailtrap": Service("Mailtrap", "", ("rwmt1", "rwmt2"), (".mailtrap.io",)),
    "mandrill": Service(
        "Mandrill", "spf.mandrillapp.com", ("mte1", "mte2", "mandrill"), (".mandrillapp.com",)
    ),
    "resend": Service("Resend", "", ("resend",), (".resend.com",)),
    "sendgrid": Service("SendGrid", "sendgrid.net", ("s1", "s2"), (".sendgrid.net",)),
    "sparkpost": Service("SparkPost", "sparkpostmail.com", (), (".sparkpostmail.com",)),
    "postmark": Service("Postmark", "", ("pm",), (".postmarkapp.com",)),
    "amazon": Service("Amazon SES", "amazonses.com", (), (".amazonaws.com",)),
    "google": Service("Google", "_spf.google.com", ("google",), (".gmail.com", ".google.com")),
    "microsoft": Service(
        "Microsoft 365",
        "spf.protection.outlook.com",
        ("selector1", "selector2"),
        (".office365.com", ".outlook.com"),
    ),
    "fastmail": Service(
        "Fastmail", "spf.messagingengine.com", ("fm1", "fm2", "fm3"), (".fastmail.com",)
    ),
}
# Of mail servers of one's own, as their manuals and packages name them.
USUAL_SELECTORS = ("default", "dkim", "mail", "smtp", "s1", "s2", "k1", "selector1", "selector2")


@dataclass(frozen=True)
class Sender:
    """What hands the emails over to their recipients.

    host: the mail server in the settings, "" for a service. service: None where it is not known.
    """

    label: str
    host: str = ""
    service: Service | None = None

    @property
    def mechanism(self) -> str:
        """Return what of SPF allows this sender, "" where that is not known."""
        if self.service is not None:
            return f"include:{self.service.include}" if self.service.include else ""
        return f"a:{self.host}" if "." in self.host.strip("0123456789.") else ""


def senders_of(providers: Iterable[Provider]) -> list[Sender]:
    """Return the senders of the providers of the settings."""
    found = []
    for provider in providers:
        host = str(provider.options.get("host", "")).lower().rstrip(".")
        if not provider.is_smtp:
            label = KINDS[provider.kind].label
            found.append(Sender(label, service=SERVICES.get(provider.kind, Service(label))))
            continue
        service = next(
            (each for each in SERVICES.values() if f".{host}".endswith(each.hosts)), None
        )
        found.append(Sender(service.label if service else host or "SMTP", host, service))
    return found


def selectors_of(senders: Iterable[Sender]) -> tuple[str, ...]:
    """Return the selectors to try, those of the senders first."""
    own = [name for each in senders if each.service for name in each.service.selectors]
    return tuple(dict.fromkeys([*own, *USUAL_SELECTORS]))
