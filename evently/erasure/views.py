"""The page of a receipt, which its link opens without a login; its file; and the public keys."""

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from evently.erasure.signing import (
    SignatureInvalid,
    content_of,
    published_keys,
    read_document,
    read_link_token,
)
from evently.links import LinkInvalid
from evently.pages import secret_link_page

RECEIPT = "SELECT document, written FROM evently_erasure_receipt(%s)"
TIMES = ("requested_at", "erased_at", "completed_at", "key_destroyed_by")


def _stored(token: str) -> tuple[str, bool]:
    """Return (receipt, whether the register has it). Raises LinkInvalid."""
    with connection.cursor() as cursor:
        cursor.execute(RECEIPT, [read_link_token(token)])
        found = cursor.fetchone()
    if found is None:
        raise LinkInvalid
    return found[0], found[1]


@require_safe
@never_cache
@secret_link_page
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    """Show a receipt in words, and how to verify it."""
    document, written = _stored(token)
    says = content_of(document)
    says |= {name: says[name] and parse_datetime(says[name]) for name in TIMES}
    for one in says["beyond_reach"]:
        one["until"] = one["until"] and parse_datetime(one["until"])
    context = {
        "receipt": says,
        "token": token,
        "is_registered": written,
        "is_valid": _is_valid(document),
    }
    return render(request, "erasure/receipt.html", context)


@require_safe
@never_cache
@secret_link_page
def receipt_file(request: HttpRequest, token: str) -> HttpResponse:
    """Return the signed receipt as a file."""
    document, _ = _stored(token)
    name = content_of(document)["receipt"]
    return HttpResponse(
        document,
        content_type="application/jose+json",
        headers={"Content-Disposition": f'attachment; filename="erasure-{name}.json"'},
    )


def _is_valid(document: str) -> bool:
    """Return whether a receipt is signed by a key that is still published."""
    try:
        read_document(document)
    except SignatureInvalid:
        return False
    return True


@require_safe
def receipt_keys(request: HttpRequest) -> HttpResponse:
    """Return the public keys that receipts are signed with (JWK Set)."""
    return JsonResponse(published_keys(), content_type="application/jwk-set+json")
