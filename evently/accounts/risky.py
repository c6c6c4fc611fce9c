"""Risky acts: what they are, and the page that asks for the password or a second factor again.

A session that another person took over, or a browser left open, cannot do these. Views ask
`ask_again(request, act)` first, or are wrapped in `confirms(act)`. It returns a page, or None if
the proof is recent; what was typed goes along with that page, sealed under the user's key, and on
to the view once the proof is given.

Acts that ask for the password in their own form anyway (changing the email address or the password,
deleting the account) are not here, except for a first password.
"""

from collections.abc import Callable
from functools import cached_property, wraps
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.cache import add_never_cache_headers

from evently.accounts.ceremonies import take_challenge
from evently.accounts.forms import CodeField, PasswordField
from evently.accounts.kept_forms import opened_form, sealed_form
from evently.accounts.logging_in import tell_codes_left
from evently.accounts.models import User
from evently.accounts.operations.deletion import check_password
from evently.accounts.operations.passkeys import check_passkey
from evently.accounts.operations.second_factors import check_code
from evently.accounts.proofs import Proof, missing_proofs, prove
from evently.accounts.second_factor_state import Factors, factors_of
from evently.errors import DomainError
from evently.pages import add_refusal, render_refusal

# Each act within the sentence "Please confirm that it is you, to …".
ACTS = {
    "set_password": "set a password",
    "create_token": "create an API token",
    "add_factor": "set up two-step login",
    "remove_factor": "remove a second factor",
    "recovery_codes": "get new recovery codes",
    "export_data": "download your data",
    "give_role": "give a user the organizer role",
    "reset_factor": "reset two-step login of a user",
    "erase_person": "delete the account of a user",
    "delete_rows": "delete the account of a user, and all its rows",
}
# These need the password and a second factor.
BOTH = frozenset({"remove_factor"})
# After these, the browser stays at the page that asked.
DOWNLOADS = frozenset({"export_data"})

# How a proof is called in a sentence.
WORDS = {"password": "password", "factor": "code of your second factor"}
TEMPLATE = "accounts/confirm_again.html"
CONFIRMING, KEPT = "_confirming", "_kept"
KEPT_SECONDS = 3600


class ConfirmForm(forms.Form):
    """Asks for the proofs that are missing: `login` stands for any one of them."""

    def __init__(
        self, data: QueryDict | None, *, user: User, factors: Factors, needed: set[Proof]
    ) -> None:
        super().__init__(data, use_required_attribute=False)
        if user.has_usable_password() and needed & {"login", "password"}:
            self.fields["current_password"] = PasswordField(
                autocomplete="current-password", label="Password"
            )
        if (factors.app or factors.codes_left) and needed & {"login", "factor"}:
            self.fields["code"] = CodeField()


def confirms(act: str) -> Callable[[Callable[..., Any]], Callable[..., HttpResponseBase]]:
    """Ask for a recent proof before a view or an admin's action is carried out.

    For a function of a request, or a method that gets it first.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def wrapped(*args: Any, **kwargs: Any) -> HttpResponseBase:
            request = next(one for one in args if isinstance(one, HttpRequest))
            answer = ask_again(request, act)
            return answer or cast(HttpResponseBase, view(*args, **kwargs))

        return wrapped

    return decorate


def ask_again(request: HttpRequest, act: str) -> HttpResponse | None:
    """Return the page that asks who it is, or None if the view can go on."""
    page = _Page(request, cast(User, request.user), act, str(request.method))
    return page.show() if page.needed else None


def take_answer(request: HttpRequest) -> HttpResponse | None:
    """Check the answer to `ask_again`, and put the form that was held up into `request.POST`.

    Returns the page again where the answer is wrong; None lets the view go on, which asks whether
    the proof suffices.
    """
    if (
        request.method != "POST"
        or request.content_type != "application/x-www-form-urlencoded"
        or CONFIRMING not in request.POST
        or not request.user.is_authenticated
    ):
        return None
    user = request.user
    kept = _opened(request, user)
    if kept is None:
        messages.error(request, "That took too long. Please start again.")
        return redirect(request.get_full_path())
    if answer := _Page(request, user, kept["act"], kept["method"]).check():
        return answer
    if kept["method"] != "POST":
        return redirect(request.get_full_path())
    request.POST = QueryDict(kept["form"])
    return None


class _Page:
    """The page that asks, for one request. method: of the request that waits for the answer."""

    def __init__(self, request: HttpRequest, user: User, act: str, method: str) -> None:
        self.request, self.user, self.act, self.method = request, user, act, method

    @property
    def needed(self) -> set[Proof]:
        missing = missing_proofs(self.request, self.user, both=self.act in BOTH)
        if "factor" in missing and not self.factors.has_any:
            # A page that was left open: there is no factor any more, and none to prove.
            missing.discard("factor")
        return missing

    @cached_property
    def factors(self) -> Factors:
        return factors_of(self.user.pk)

    def _form(self, data: QueryDict | None) -> ConfirmForm:
        return ConfirmForm(data, user=self.user, factors=self.factors, needed=self.needed)

    def _bound(self, data: QueryDict) -> ConfirmForm:
        """Return the form with what was entered; that it lacks something is judged as a whole."""
        form = self._form(data)
        form.errors.clear()
        return form

    def show(self, error: str = "") -> HttpResponse:
        """Return the page, with an error if this is not the first time."""
        if not error:
            return self._render(self._form(None), status=200)
        form = self._bound(QueryDict())
        form.add_error(None, error)
        return self._render(form)

    def check(self) -> HttpResponse | None:
        """Check what was entered; return the page again if it is wrong, or not all."""
        form = self._bound(self.request.POST)
        try:
            prove(self.request, *self._proofs(form))
        except DomainError as refusal:
            add_refusal(form, refusal)
            return self._render(form, refusal=refusal)
        if self.needed == {"login"}:
            return self.show("Enter your password or a code.")
        if self.needed:
            words = " and a ".join(WORDS[proof] for proof in sorted(self.needed, reverse=True))
            return self.show(f"Enter your {words}.")
        return None

    def _proofs(self, form: ConfirmForm) -> list[Proof]:
        proofs: list[Proof] = []
        if password := form.cleaned_data.get("current_password"):
            check_password(user_id=self.user.pk, password=password)
            proofs.append("password")
        if answer := self.request.POST.get("passkey_answer"):
            challenge = take_challenge(self.request, "check")
            check_passkey(user_id=self.user.pk, answer=answer, challenge=challenge)
            proofs.append("factor")
        elif code := form.cleaned_data.get("code"):
            tell_codes_left(self.request, check_code(user_id=self.user.pk, code=code))
            proofs.append("factor")
        return proofs

    def _render(
        self,
        form: ConfirmForm,
        *,
        refusal: DomainError | None = None,
        status: int | None = None,
    ) -> HttpResponse:
        context = {
            "form": form,
            "kept": self.request.POST.get(KEPT) or self._sealed(),
            "words": ACTS[self.act],
            "is_both": len(self.needed) > 1,
            "is_form": self.method == "POST",
            "is_download": self.act in DOWNLOADS,
            "has_passkeys": self.factors.passkeys and self.needed & {"login", "factor"},
        }
        response = render_refusal(self.request, TEMPLATE, context, refusal)
        response.status_code = status or response.status_code
        add_never_cache_headers(response)
        return response

    def _sealed(self) -> str:
        return sealed_form(self.request, self.user, without=(CONFIRMING, KEPT), act=self.act)


def _opened(request: HttpRequest, user: User) -> dict[str, Any] | None:
    """Return the form that was held up, or None if it is another's, another page's, or too old."""
    kept = opened_form(user, request.POST.get(KEPT, ""), max_age=KEPT_SECONDS)
    return kept if kept is not None and kept["path"] == request.get_full_path() else None
