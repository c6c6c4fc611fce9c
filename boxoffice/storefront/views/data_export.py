"""Pages of data exports: request the file of all data, see whether it is ready, download it."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from evently.accounts import operations
from evently.accounts.export_response import file_response
from evently.accounts.operations import ExportNotFound, TooManyExports
from evently.accounts.operations.making_exports import KEPT_FOR
from evently.accounts.risky import confirms
from evently.formatting import counted
from evently.pages import current_user, require_get_or_post


@require_get_or_post
@login_required
def request_data_export(request: HttpRequest) -> HttpResponse:
    """Request the file, or leave it at the request that is open already."""
    if request.method == "POST":
        user = current_user(request)
        try:
            operations.request_export(user_id=user.pk, session=user.get_session_auth_hash())
        except TooManyExports as refusal:
            messages.error(request, refusal.text)
        else:
            messages.success(
                request, "We are preparing your data, and send you an email once it is ready."
            )
    return redirect(f"{reverse('account')}#data")


@require_safe
@login_required
@never_cache
def data_export(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """Show that a file is ready: where the link in the email leads, once its owner is logged in."""
    try:
        export = operations.export_to_download(user=current_user(request), export_id=export_id)
    except ExportNotFound as refusal:
        return _gone(request, refusal)
    return render(request, "accounts/data_export.html", {"export": export})


@require_get_or_post
@login_required
@never_cache
@confirms("export_data")
def download_data_export(
    request: HttpRequest, export_id: UUID
) -> HttpResponse | StreamingHttpResponse:
    user = current_user(request)
    try:
        export = operations.export_to_download(user=user, export_id=export_id)
        return file_response(user, export)
    except ExportNotFound as refusal:
        return _gone(request, refusal)


def _gone(request: HttpRequest, refusal: ExportNotFound) -> HttpResponse:
    """Return the page for a file that is deleted, or another person's, which must look alike."""
    context = {
        "title": "This file is not available",
        "text": f"You are logged in as {current_user(request).email}. The file is no longer "
        "available, or belongs to another account, which you would have to log in to. Files are "
        f"deleted after {counted(KEPT_FOR.days, 'day')}, or once a newer one is ready. You can "
        "request a new one.",
        "icon": "download",
        "url": f"{reverse('account')}#data",
        "link": "Go to your account",
    }
    return render(request, "accounts/message.html", context, status=404)
