"""Sending emails, and the folder of the development mailbox."""

import os
from email.utils import parseaddr

from evently import email_providers, email_webhooks, environment
from evently.embedded import addresses
from evently.environment import env
from evently.settings.site import DEBUG, PUBLIC_URL, SITE_NAME
from evently.variable_checks import OTHER_EMAIL_SCHEMES, split

# EMAIL_URL=smtp+tls://user:password@host:587 or another provider; EMAIL_PROVIDERS names several,
# which are tried in their order (evently.email_providers). Development has a local mailbox.
EMAIL_URL = env.str("EMAIL_URL", default="")
_SEVERAL = env.str("EMAIL_PROVIDERS", default="")
EMAIL_PROVIDERS: tuple[email_providers.Provider, ...] = ()
EVENTLY_HOME = addresses.home()
DEV_MAILBOX = EVENTLY_HOME / "mail"
EMAIL_TIMEOUT = 10
EMAIL_BACKEND = "notifications.emails.smtp.Backend"
# For a restored copy: emails wait, everything else goes on.
HOLD_EMAILS = environment.is_true(os.environ.get("HOLD_EMAILS"), default=False)
DEFAULT_FROM_EMAIL = env.str(
    "DEFAULT_FROM_EMAIL", default=f"{SITE_NAME} <tickets@{environment.host_of(PUBLIC_URL)}>"
)
# Where replies to emails about an event may go, whatever organizers enter (events.contact).
REPLY_TO_DOMAINS = frozenset(
    domain.casefold()
    for domain in split(env.str("REPLY_TO_DOMAINS", default=""))
    or [parseaddr(DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]]
)
# The certificate of a private CA, which the system does not know.
EMAIL_CA_FILE = env.str("EMAIL_CA_FILE", default="")
# How long it can be seen what a sent email said; 0: not at all.
SENT_EMAIL_DAYS = env.int("SENT_EMAIL_DAYS", default=90)
# Where emails come back to: the envelope's sender is this address, with a token after a plus sign.
BOUNCE_ADDRESS = env.str("BOUNCE_ADDRESS", default="")
# The mailbox of that address, read every minute; without it, a mail server pipes what comes back.
BOUNCE_MAILBOX_URL = env.str("BOUNCE_MAILBOX_URL", default="")
# How many messages organizers may write to the attendees of an event a day (`manage.py migrate`
# tells the database, which holds it).
MESSAGES_PER_DAY = env.int("MESSAGES_PER_DAY", default=5)
# The public key by which SendGrid's reports are known to be its own.
SENDGRID_WEBHOOK_KEY = env.str("SENDGRID_WEBHOOK_KEY", default="")
# The same for services by name: a key, or a user and password.
EMAIL_WEBHOOK_KEYS = email_webhooks.parse(env.str("EMAIL_WEBHOOK_KEYS", default=""))
# The selectors of the DKIM keys that emails are signed with, for manage.py check_mail.
EMAIL_DKIM_SELECTORS = split(env.str("EMAIL_DKIM_SELECTORS", default=""))
# Which DNS server that asks, "" for the system's: one's own may not show what others see.
EMAIL_DNS_SERVER = env.str("EMAIL_DNS_SERVER", default="")
if _SEVERAL:
    EMAIL_PROVIDERS = email_providers.parse(_SEVERAL)
elif EMAIL_URL.partition(":")[0] in OTHER_EMAIL_SCHEMES:
    vars().update(env.email_url("EMAIL_URL"))
elif EMAIL_URL:
    EMAIL_PROVIDERS = (email_providers.parse_one(EMAIL_URL),)
elif DEBUG:
    EMAIL_BACKEND = "notifications.devmail.MailboxBackend"
if EMAIL_PROVIDERS:
    EMAIL_BACKEND = "notifications.providers.backend.ChainBackend"
