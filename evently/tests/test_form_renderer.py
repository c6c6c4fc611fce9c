"""Inputs that are put together without templates are those of Django."""

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates

from evently.form_renderer import FormRenderer

WIDGETS = [
    forms.TextInput(),
    forms.NumberInput({"min": 1, "max": 10, "disabled": False, "readonly": True}),
    forms.EmailInput({"class": '"quoted" & <odd>'}),
    forms.URLInput(),
    forms.PasswordInput(render_value=True),
    forms.HiddenInput({"autocomplete": "off"}),
    forms.DateInput({"type": "date"}),
    forms.Textarea(),
    forms.CheckboxInput(),
    forms.Select(choices=[("a", "A")]),
]


@pytest.mark.parametrize("value", [None, "", "a", 0, 5, '<b> & "c"', "Ana 🎷"])
@pytest.mark.parametrize("widget", WIDGETS, ids=lambda widget: type(widget).__name__)
def test_elements_are_those_of_django(widget, value):
    attrs = {"id": "id_field", "required": True, "aria-invalid": "true"}
    ours = widget.render("field", value, attrs, FormRenderer())

    assert ours == widget.render("field", value, attrs, DjangoTemplates())
