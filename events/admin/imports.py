"""Imports in the admin: upload a file, see what it leads to, import it.

boxoffice adds what needs to know of bookings: taking an import back.
"""

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from unfold.decorators import display

from evently.admin.cells import when
from evently.admin.confirmation import confirmation_page, report_success
from evently.audit.admin import StampedAdmin
from evently.enqueue import enqueue_on_commit
from evently.errors import DomainError, Invalid
from evently.time_zones import suggested_timezones
from events.admin.events import current_user_id
from events.admin.import_forms import AnswersForm, UploadForm
from events.admin.import_page import (
    STATE_STYLES,
    action_url,
    changes_published,
    import_url,
    list_url,
    progress_of,
    row_choices,
    row_of,
    sentences,
    shown_rows,
    zone_of,
)
from events.import_models import (
    EventImport,
    ImportState,
)
from events.importing import operations, queries
from events.importing.report import report_lines
from events.models import Event
from events.tasks import apply_import, read_import

ROWS_PER_PAGE = 50


class EventImportAdminBase(StampedAdmin):
    """The imports of the current user; superusers see those of all."""

    list_display: tuple[str, ...] = ("file_name", "status", "uploaded")
    list_display_links = ("file_name",)
    list_per_page = 50
    ordering = ("-id",)

    # ── Access ──────────────────────────────────────────────────────────────
    def get_queryset(self, request: HttpRequest) -> QuerySet[EventImport]:
        return queries.visible_imports(request.user).order_by("-id")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def import_or_404(self, request: HttpRequest, object_id: str) -> EventImport:
        try:
            batch = self.get_queryset(request).filter(pk=UUID(object_id)).first()
        except ValueError:
            batch = None
        if batch is None:
            raise Http404
        return batch

    def get_urls(self) -> list[URLPattern]:
        views = {
            "progress": self.progress_view,
            "answers": self.answers_view,
            "apply": self.apply_view,
            "discard": self.discard_view,
            "report": self.report_view,
        }
        return [
            *(
                path(
                    f"<path:object_id>/{name}/",
                    self.admin_site.admin_view(view),
                    name=f"event_import_{name}",
                )
                for name, view in views.items()
            ),
            *super().get_urls(),
        ]

    # ── Columns ─────────────────────────────────────────────────────────────
    @display(description="State", label=STATE_STYLES)
    def status(self, batch: EventImport) -> str:
        return str(batch.get_state_display())

    @display(description="Uploaded", ordering="created_at")
    def uploaded(self, batch: EventImport) -> Any:
        return when(batch.created_at, zone_of(batch))

    # ── Pages ───────────────────────────────────────────────────────────────
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if object_id is None:
            return self.upload_view(request)
        return self.detail_view(request, self.import_or_404(request, object_id))

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        """Take a file, and go to the page of its import."""
        form = UploadForm(
            request.POST or None, request.FILES or None, initial=suggested(current_user_id(request))
        )
        if request.method == "POST" and form.is_valid():
            try:
                batch = operations.start_import(
                    organizer_id=current_user_id(request),
                    file_name=form.file_name,
                    content=form.cleaned_data["file"].read(),
                    plan=form.plan,
                )
            except Invalid as refusal:
                add_errors(form, refusal)
            else:
                enqueue_on_commit(read_import, str(batch.pk))
                return HttpResponseRedirect(import_url(batch))
        return self.form_page(
            request, form, title="Import events", submit="Read the file", back=list_url()
        )

    def answers_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask what a file leaves open, or change the answers."""
        batch = self.import_or_404(request, object_id)
        form = AnswersForm(
            request.POST or None,
            initial=AnswersForm.initial_of(batch.answers),
            columns=sorted(batch.left_out) if "csv" in batch.assumed else None,
        )
        if request.method == "POST" and form.is_valid():
            try:
                operations.answer_import(import_id=batch.pk, plan=form.plan)
            except Invalid as refusal:
                add_errors(form, refusal)
            except DomainError as refusal:
                form.add_error(None, refusal.text)
            else:
                enqueue_on_commit(read_import, str(batch.pk))
                return HttpResponseRedirect(import_url(batch))
        return self.form_page(
            request,
            form,
            title=batch.file_name,
            submit="Read the file again",
            back=import_url(batch),
            questions=batch.questions,
        )

    def form_page(
        self, request: HttpRequest, form: AnswersForm, *, title: str, **context: Any
    ) -> HttpResponse:
        return TemplateResponse(
            request,
            "admin/imports/form.html",
            {
                **self.admin_site.each_context(request),
                **context,
                "opts": self.model._meta,
                "title": title,
                "form": form,
                "time_zones": suggested_timezones(),
            },
        )

    def detail_view(self, request: HttpRequest, batch: EventImport) -> HttpResponse:
        """Show an import in its current state."""
        if batch.state == ImportState.ASKING:
            return self.answers_view(request, str(batch.pk))
        counts = queries.counts_of(batch)
        show = request.GET.get("show", "")
        choices = row_choices(batch, counts)
        if show not in {key for key, *_ in choices}:
            show = choices[0][0] if choices else ""
        page = Paginator(shown_rows(batch, show), ROWS_PER_PAGE).get_page(request.GET.get("page"))
        return TemplateResponse(
            request,
            "admin/imports/detail.html",
            {
                **self.admin_site.each_context(request),
                **progress_of(batch),
                "opts": self.model._meta,
                "title": batch.file_name,
                "counts": counts,
                "choices": choices,
                "show": show,
                "page": page,
                "rows": [row_of(row) for row in page],
                "refusals": queries.refusals_of(batch) if show in {"refused", "failed"} else [],
                "sentences": sentences(batch),
                "urls": self.urls_of(batch, counts),
                "changes_published": changes_published(batch),
                "to_do": counts["new"] + counts["changed"],
            },
        )

    def urls_of(self, batch: EventImport, counts: dict[str, int]) -> dict[str, str]:
        """Return the URLs of what can be done with an import."""
        urls = {}
        if not batch.is_at_work:
            urls["report"] = action_url(batch, "report")
        if batch.is_discardable:
            urls["discard"] = action_url(batch, "discard")
            urls["answers"] = action_url(batch, "answers")
        if batch.state == ImportState.READY and counts["new"] + counts["changed"]:
            urls["apply"] = action_url(batch, "apply")
        return urls

    def progress_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Return the progress as a fragment; once the work is done, the page is loaded again."""
        batch = self.import_or_404(request, object_id)
        response = TemplateResponse(request, "admin/imports/progress.html", progress_of(batch))
        if not batch.is_at_work:
            response["HX-Refresh"] = "true"
        return response

    def apply_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Carry the import out, on POST."""
        batch = self.import_or_404(request, object_id)
        if request.method == "POST":
            try:
                operations.apply_import(import_id=batch.pk, notify="notify" in request.POST)
            except DomainError as refusal:
                self.message_user(request, refusal.text, level="error")
            else:
                enqueue_on_commit(apply_import, str(batch.pk))
        return HttpResponseRedirect(import_url(batch))

    def discard_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        batch = self.import_or_404(request, object_id)

        def act() -> str:
            operations.discard_import(import_id=batch.pk)
            return report_success(request, f"{batch.file_name} is discarded.", list_url())

        return confirmation_page(
            self,
            request,
            title=f"Discard {batch.file_name}?",
            question="The uploaded file is deleted. Nothing was imported.",
            submit="Discard",
            act=act,
            back=import_url(batch),
            danger=True,
        )

    def report_view(self, request: HttpRequest, object_id: str) -> StreamingHttpResponse:
        """Send what becomes of each row, as a CSV file."""
        batch = self.import_or_404(request, object_id)
        response = StreamingHttpResponse(
            report_lines(batch), content_type="text/csv; charset=utf-8"
        )
        response["Content-Disposition"] = 'attachment; filename="import.csv"'
        return response


def suggested(user_id: UUID) -> dict[str, Any]:
    """Return the time zone and currency of the user's latest event."""
    last = Event.objects.filter(created_by_id=user_id).order_by("-id").first()
    return {"timezone": last.timezone, "currency": last.currency} if last else {}


def add_errors(form: AnswersForm, refusal: Invalid) -> None:
    """Show a refusal at the fields that it is about."""
    names = {"total_capacity": "capacity", "base_price": "price", "current_price": "price"}
    for name, text in refusal.fields.items() or [("file", refusal.text)]:
        field = names.get(name, name)
        form.add_error(field if field in form.fields else None, text)
