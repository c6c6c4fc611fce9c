"""The kinds of providers, against anymail; and what the system checks say of them."""

import pytest
from anymail.exceptions import AnymailConfigurationError

from evently.email_providers import COMMON_OPTIONS, KINDS, SMTP, Provider
from notifications.checks import check_email_providers
from notifications.failures import failure_in_words
from notifications.providers.registry import CHAIN_BACKEND, service_backend, unknown_options

SERVICES = sorted(KINDS.keys() - {SMTP})


@pytest.fixture
def chain_of(settings):
    settings.EMAIL_BACKEND = CHAIN_BACKEND
    settings.EMAIL_CA_FILE = ""

    def configure(*providers):
        settings.EMAIL_PROVIDERS = providers

    return configure


@pytest.mark.parametrize("kind", SERVICES)
def test_options_of_a_service_are_those_of_anymail(kind):
    described = KINDS[kind]
    names = {*described.required, *described.optional, *COMMON_OPTIONS}
    options = dict.fromkeys(names, "https://example.org/")

    assert unknown_options(Provider(kind, options=options)) == {}
    assert unknown_options(Provider(kind, options=options | {"apikey": "x"})) == {"apikey": "x"}
    for missing in described.required:
        without = {name: value for name, value in options.items() if name != missing}
        with pytest.raises(AnymailConfigurationError):
            service_backend(kind)(**without)


def test_checks_name_the_provider_that_cannot_be_set_up(chain_of):
    chain_of(
        Provider(SMTP, "main", {"host": "localhost", "port": 25}),
        Provider("sendgrid", "backup"),
        Provider("postmark", "", {"server_token": "x", "stream": "y"}),
    )

    first, second = check_email_providers(None)

    assert "sendgrid:backup cannot be set up" in first.msg
    assert "SENDGRID_API_KEY" in first.msg
    assert "postmark has the option 'stream'" in second.msg


def test_a_mail_server_that_cannot_use_both_encryptions_is_named(chain_of):
    chain_of(Provider(SMTP, "", {"host": "localhost", "use_tls": True, "use_ssl": True}))
    (error,) = check_email_providers(None)
    assert "mutually exclusive" in error.msg


@pytest.mark.parametrize(
    ("error", "part"),
    [
        ("AnymailRequestsAPIError 429", "more slowly, or fewer of them (429)"),
        ("AnymailRequestsAPIError 401", "refused the email, or this site (401)"),
        ("AnymailRequestsAPIError 503", "has a fault (503)"),
        ("AnymailRequestsAPIError 202", "its answer cannot be read (202)"),
        ("ReadTimeout", "did not say whether it accepts it"),
    ],
)
def test_faults_of_services_are_told_in_words(error, part):
    assert part in failure_in_words(error)
