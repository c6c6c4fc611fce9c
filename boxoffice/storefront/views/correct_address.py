"""Correcting the email address that a guest typed, in the browser that booked."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from bookings.presenters import BookingPresenter, BookingUrls
from bookings.views.booking import linked_booking
from bookings.visit import let_correct_address, may_correct_address
from boxoffice.lifecycle.operations.addresses import BookedElsewhere, correct_own_address
from evently.accounts.operations.correction import AddressConfirmed, AddressTaken
from evently.database.clock import now
from evently.database.identity import as_worker
from evently.errors import DomainError
from evently.pages import require_get_or_post, secret_link_page
from evently.privacy.addresses import LONGEST_ADDRESS

NOT_HERE = (
    "The address of this booking cannot be changed to this one. Please cancel the booking and book "
    "again, or contact the organizer."
)


class AddressForm(forms.Form):
    email = forms.CharField(
        label="Email address",
        max_length=LONGEST_ADDRESS,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


@require_get_or_post
@secret_link_page
def correct_address(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for the right address; a POST corrects it, and sends new tickets there."""
    with as_worker():  # the token says which booking, and that it may be opened
        access = linked_booking(token)
    booking, user = access.booking, access.booking.user
    if not may_correct_address(request, booking.pk):
        return redirect(access.urls.done)
    form = AddressForm(request.POST or None, initial={"email": user.email.lower()})
    if request.method == "POST" and form.is_valid():
        try:
            correct_own_address(
                event_id=booking.event_id,
                booking_id=booking.pk,
                email=form.cleaned_data["email"],
            )
        except (AddressConfirmed, AddressTaken, BookedElsewhere):
            # One sentence for all, which does not tell who has an account.
            form.add_error("email", NOT_HERE)
        except DomainError as refusal:
            form.add_error("email", refusal.text)
        else:
            urls = BookingUrls.for_guest(event_id=booking.event_id, booking_id=booking.pk)
            messages.success(request, "Corrected. New tickets are on their way to you.")
            response = redirect(urls.done)
            let_correct_address(request, response, urls.done, booking.pk)
            return response
    context = {
        "booking": BookingPresenter(booking, at=now()),
        "form": form,
        "back_url": access.urls.done,
    }
    return render(request, "bookings/correct_address.html", context)
