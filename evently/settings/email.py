"""Sending emails, and the folder of the development mailbox."""

from evently import environment
from evently.embedded import addresses
from evently.environment import env
from evently.settings.site import DEBUG, PUBLIC_URL, SITE_NAME

# EMAIL_URL=smtp+tls://user:password@host:587 or smtp+ssl://…; development has a local mailbox.
EMAIL_URL = env.str("EMAIL_URL", default="")
EVENTLY_HOME = addresses.home()
DEV_MAILBOX = EVENTLY_HOME / "mail"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str(
    "DEFAULT_FROM_EMAIL", default=f"{SITE_NAME} <tickets@{environment.host_of(PUBLIC_URL)}>"
)
if EMAIL_URL:
    vars().update(env.email_url("EMAIL_URL"))
    EMAIL_TIMEOUT = 10
elif DEBUG:
    EMAIL_BACKEND = "notifications.devmail.MailboxBackend"
