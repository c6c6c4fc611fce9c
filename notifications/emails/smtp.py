"""SMTP servers whose certificate a private CA has signed."""

import ssl

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend
from django.utils.functional import cached_property


class PrivateCaBackend(EmailBackend):
    """Django's backend, trusting the CA of EMAIL_CA_FILE instead of the system's."""

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=settings.EMAIL_CA_FILE)
