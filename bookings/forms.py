"""Forms of the checkout. They only parse; operations validate, so that every attempt is logged."""

from typing import Any

from django import forms

from evently.pages import new_idempotency_key
from evently.person_names import LONGEST_NAME
from evently.privacy.addresses import LONGEST_ADDRESS

# Browsers would put the old value back when a visitor returns to the page.
NOT_RESTORED = {"autocomplete": "off"}


class QuantityField(forms.IntegerField):
    """A number of seats. The bounds are for browsers only; operations check them."""

    def __init__(self, *, most: int, **kwargs: Any) -> None:
        widget = forms.NumberInput(
            attrs={"min": 1, "max": most, "inputmode": "numeric"} | NOT_RESTORED
        )
        super().__init__(widget=widget, **kwargs)


class QuantityForm(forms.Form):
    """most: seats allowed in one booking."""

    def __init__(self, *args: Any, most: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["quantity"] = QuantityField(most=most, initial=1, label="Seats")


class IdempotentForm(forms.Form):
    """A form that can be submitted twice and acts once."""

    idempotency_key = forms.CharField(
        required=False,
        max_length=100,
        widget=forms.HiddenInput(attrs=NOT_RESTORED),
        initial=new_idempotency_key,
    )


class ShownPriceForm(forms.Form):
    """unit_price: of a seat, as the form showed it."""

    unit_price = forms.DecimalField(
        required=False, max_digits=12, decimal_places=4, widget=forms.HiddenInput(NOT_RESTORED)
    )


class GuestFields(forms.Form):
    """Name and email address of a visitor who is not logged in."""

    name = forms.CharField(
        label="Your name",
        max_length=LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.CharField(
        label="Email address",
        max_length=LONGEST_ADDRESS,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class CheckoutForm(GuestFields, ShownPriceForm, IdempotentForm, QuantityForm):
    """quote: of the price that the form showed. is_guest: ask for name and email.

    known_seats: how many seats of the event the form said that the visitor has. terms_shown: what
    it said about not answering whether they are still coming; "" for nothing.
    """

    quote = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)
    known_seats = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)
    terms_shown = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)

    def __init__(self, *args: Any, is_guest: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_guest:
            del self.fields["name"], self.fields["email"]

    def with_new_idempotency_key(self) -> "CheckoutForm":
        """Let the next submission count as another booking."""
        self.data = {name: self.data[name] for name in self.data}
        self.data["idempotency_key"] = new_idempotency_key()
        return self


class AnswerForm(IdempotentForm):
    """Whether an attendee is still coming. coming: the seats that are kept, of "some"."""

    answer = forms.ChoiceField(
        choices=[("yes", "Yes"), ("some", "Some of us"), ("no", "No")],
        error_messages={"required": "Choose one of the answers."},
    )
    coming = forms.IntegerField(required=False, min_value=1)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("answer") == "some" and cleaned.get("coming") is None:
            self.add_error("coming", "Choose how many seats you keep.")
        return cleaned

    def seats_kept(self, booked: int) -> int:
        """Return how many seats are kept, of those that were booked."""
        kept = {"yes": booked, "no": 0}.get(self.cleaned_data["answer"])
        return int(self.cleaned_data["coming"]) if kept is None else kept


class HandOverForm(GuestFields):
    """To whom tickets are handed over."""

    tickets = forms.MultipleChoiceField(
        label="Tickets",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one ticket."},
    )

    def __init__(
        self, *args: Any, tickets: list[tuple[str, str]], chosen: str, **kwargs: Any
    ) -> None:
        """tickets: id and label of those that can be handed over. chosen: the id of one, or ""."""
        super().__init__(*args, **kwargs)
        self.fields["name"].label = "Their name"
        self.fields["name"].widget.attrs["autocomplete"] = "off"
        self.fields["email"].label = "Their email address"
        self.fields["email"].widget.attrs["autocomplete"] = "off"
        field = self.fields["tickets"]
        field.choices = tickets  # type: ignore[attr-defined]
        field.initial = [chosen] if chosen else [tickets[0][0]]
        self.order_fields(["tickets", "name", "email"])
