"""Several people who save the same texts at once: one is first, and the others are told."""

import pytest

from evently.errors import EditedMeanwhile
from evently.tests.together import run_together
from events.factories import EventFactory
from notifications.event_email_models import EventEmail
from notifications.models import EmailTemplate
from notifications.operations.event_emails import save_texts
from notifications.operations.templates import restore_template, save_template
from notifications.template_models import Template, TemplateType

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

CANCELLATION = TemplateType.CANCELLATION


@pytest.mark.parametrize("based_on", [1, 0])
def test_one_of_several_versions_is_saved(based_on):
    if not based_on:
        EmailTemplate.objects.filter(template_type=CANCELLATION).update(is_active=False)

    def save(number):
        template = Template(f"Subject {number}", "<p>{userName}</p>", "{userName}")
        return lambda: save_template(type_=CANCELLATION, template=template, based_on=based_on)

    def restore():
        return restore_template(type_=CANCELLATION, version=1, based_on=based_on)

    outcomes = run_together(*map(save, range(4)), *([restore] if not based_on else []))

    told = [one for one in outcomes if isinstance(one, EditedMeanwhile)]
    assert len(told) == len(outcomes) - 1
    row = EmailTemplate.objects.get(template_type=CANCELLATION, is_active=True)
    assert row.version == 2


@pytest.mark.parametrize("version", [0, 1])
def test_one_of_several_texts_is_saved(version):
    event = EventFactory()
    if version:
        EventEmail.objects.create(event=event, above="Before")

    def save(number):
        given = {"above": f"Text {number}"}
        return lambda: save_texts(event=event, type_=None, given=given, version=version)

    outcomes = run_together(*map(save, range(4)))

    (saved,) = [one for one in outcomes if isinstance(one, EventEmail)]
    assert len([one for one in outcomes if isinstance(one, EditedMeanwhile)]) == 3
    assert EventEmail.objects.get().above == saved.above
