"""The email templates in the admin: their versions, compared, brought back, and edited."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone
from unfold.decorators import action, display

from evently.admin.cells import names_of, two_lines, when
from evently.admin.confirmation import confirmation_page, report_success
from evently.admin.lists import ListedAdmin
from evently.admin.switches import Switch, SwitchedAdmin
from evently.audit.models import AuditLog
from evently.audit.presenters import actor_in_words
from evently.formatting import moment
from notifications.admin.template_editor import (
    compare_url,
    draft_frame,
    editor_page,
    editor_url,
)
from notifications.emails.differences import differences
from notifications.emails.preview_pages import FRAMED
from notifications.emails.template_problems import problem_in_words, problem_of
from notifications.emails.templates import shipped
from notifications.models import EmailTemplate
from notifications.operations.templates import restore_template
from notifications.template_models import TemplateType

TABLE = EmailTemplate._meta.db_table


class ReadOnly(ListedAdmin):
    """Read-only rows, for superusers only, since they concern all users."""

    list_per_page = 50
    list_fullwidth = True

    # Operations write these rows; old ones are deleted with their partition or their user.
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)


class InUseSwitch(Switch):
    """The versions in use, or all there were."""

    title = "versions"
    options = (("used", "In use"), ("all", "All versions"))

    def conditions(self) -> dict[str, Q]:
        return {"used": Q(is_active=True)}


@admin.register(EmailTemplate)
class EmailTemplateAdmin(SwitchedAdmin, ReadOnly):
    list_before_template = "admin/notifications/templates_above.html"
    list_display = ("named", "subject_template", "what_for", "saved", "by", "links")
    list_filter = (InUseSwitch, "template_type")
    ordering = ("template_type", "-version")
    actions_detail = ("restore_this",)
    change_form_after_template = "admin/notifications/template_version.html"
    fields = (
        ("named", "state"),
        ("saved", "by"),
        "what_for",
        "subject_template",
        "html",
        "text",
        "placeholders",
    )
    readonly_fields = ("named", "state", "saved", "by", "what_for", *fields[3:])

    def get_urls(self) -> list[URLPattern]:
        def page(url: str, name: str, view: Any) -> URLPattern:
            full_name = f"notifications_emailtemplate_{name}"
            return path(f"{url}/<slug:type_>/", self.admin_site.admin_view(view), name=full_name)

        return [
            page("editor", "editor", self.editor),
            page("preview", "preview", self.preview),
            page("compare", "compare", self.compare),
            *super().get_urls(),
        ]

    # ── Lists ───────────────────────────────────────────────────────────────
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Look up who saved the versions shown, in two queries; tell which cannot be rendered."""
        response = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None) or {}
        if "cl" in context:
            _add_authors(context["cl"].result_list)
            context["template_problems"] = [
                (row, problem_in_words(problem), editor_url(row.template_type))
                for row in EmailTemplate.objects.filter(is_active=True).order_by("template_type")
                if (problem := problem_of(row))
            ]
        return response

    @display(description="Email", ordering="template_type")
    def named(self, obj: EmailTemplate) -> SafeString:
        return two_lines(obj.get_template_type_display(), f"Version {obj.version}")

    @display(description="State", label={"In use": "success"})
    def state(self, obj: EmailTemplate) -> str:
        return "In use" if obj.is_active else "Earlier version"

    @display(description="Note")
    def what_for(self, obj: EmailTemplate) -> str:
        if obj.restored_from is not None:
            return f"Version {obj.restored_from}, brought back"
        return obj.note or "–"

    @display(description="Saved", ordering="created_at")
    def saved(self, obj: EmailTemplate) -> SafeString:
        return when(obj.created_at, get_current_timezone())

    @display(description="By")
    def by(self, obj: EmailTemplate) -> str:
        if not hasattr(obj, "author"):
            _add_authors([obj])
        return str(vars(obj).get("author", "–"))

    @display(description="Actions")
    def links(self, obj: EmailTemplate) -> SafeString:
        if obj.is_active:
            return format_html('<a class="ev-link" href="{}">Edit</a>', _editor_of(obj))
        return format_html('<a class="ev-link" href="{}">Compare</a>', _comparison_of(obj))

    # ── One version ─────────────────────────────────────────────────────────
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        extra = dict(extra_context or {})
        row = self.get_object(request, object_id) if object_id else None
        if row is not None:
            preview = reverse("admin:notifications_emailtemplate_preview", args=[row.template_type])
            extra |= {
                "frame_url": f"{preview}?version={row.version}",
                "editor_url": _editor_of(row),
                "comparison_url": "" if row.is_active else _comparison_of(row),
                "problem": problem_in_words(problem_of(row)) if row.is_active else "",
            }
        return super().changeform_view(request, object_id, form_url, extra)

    @display(description="HTML")
    def html(self, obj: EmailTemplate) -> SafeString:
        return format_html('<pre class="ev-pre">{}</pre>', obj.html_template)

    @display(description="Text")
    def text(self, obj: EmailTemplate) -> SafeString:
        return format_html('<pre class="ev-pre">{}</pre>', obj.text_template)

    @display(description="Placeholders")
    def placeholders(self, obj: EmailTemplate) -> str:
        return ", ".join(f"{{{name}}}" for name in obj.variables)

    @action(description="Bring back", url_path="restore", icon="history")
    def restore_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        type_ = TemplateType(row.template_type)
        active = _active(type_)

        def act() -> str:
            # The page that was confirmed showed this version as the one in use.
            saved, _ = restore_template(
                type_=type_, version=row.version, based_on=int(request.POST.get("version", 0) or 0)
            )
            words = f"Version {row.version} is back in use, as version {saved.version}."
            return report_success(request, words, editor_url(type_))

        return confirmation_page(
            self,
            request,
            title=f"Bring version {row.version} of “{type_.label}” back?",
            question="Its texts become a new version, which all emails have from then on. The "
            "present version stays in the list.",
            submit="Bring back",
            act=act,
            back=reverse("admin:notifications_emailtemplate_change", args=[row.pk]),
            version=active.version if active is not None else 0,
        )

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Leave out bringing back what is in use."""
        row = self.get_object(request, object_id)
        if row is None or row.is_active:
            return []
        return super().get_actions_detail(request, object_id)

    # ── Pages ───────────────────────────────────────────────────────────────
    def editor(self, request: HttpRequest, type_: str) -> HttpResponse:
        return editor_page(request, self._type(request, type_), self._context(request))

    @method_decorator(FRAMED)
    def preview(self, request: HttpRequest, type_: str) -> HttpResponse:
        return draft_frame(request, self._type(request, type_))

    def compare(self, request: HttpRequest, type_: str) -> HttpResponse:
        """Show how two versions differ."""
        kind = self._type(request, type_)
        rows = list(EmailTemplate.objects.filter(template_type=kind).order_by("-version")[:200])
        old, new = (_chosen(rows, request.GET.get(name, "")) for name in ("old", "new"))
        if old is None or new is None:
            raise Http404
        return TemplateResponse(
            request,
            "admin/notifications/template_compare.html",
            {
                **self._context(request),
                "title": kind.label,
                "subtitle": f"version {old.version} compared with version {new.version}",
                "old": old,
                "new": new,
                "versions": [
                    (row.version, moment(row.created_at, get_current_timezone())) for row in rows
                ],
                "parts": differences(old.template, new.template),
                "editor_url": editor_url(kind),
            },
        )

    def _type(self, request: HttpRequest, type_: str) -> TemplateType:
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            return TemplateType(type_)
        except ValueError:
            raise Http404 from None

    def _context(self, request: HttpRequest) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.model._meta}


def _active(type_: str) -> EmailTemplate | None:
    return EmailTemplate.objects.filter(template_type=type_, is_active=True).first()


def _chosen(rows: list[EmailTemplate], version: str) -> EmailTemplate | None:
    return next((row for row in rows if str(row.version) == version), None)


def _editor_of(row: EmailTemplate) -> str:
    return editor_url(row.template_type)


def _comparison_of(row: EmailTemplate) -> str:
    active = _active(row.template_type)
    newest = active.version if active is not None else row.version
    return compare_url(row.template_type, old=row.version, new=newest)


def _add_authors(rows: Any) -> None:
    """Set `author` of versions: the person who saved each, from the audit log."""
    saved = {
        change.row_id: change
        for change in AuditLog.objects.filter(
            row_id__in=[row.pk for row in rows], table_name=TABLE, action=AuditLog.Action.INSERT
        )
    }
    names = names_of({change.actor for change in saved.values()})
    for row in rows:
        change = saved.get(row.pk)
        # Those that came with Evently were written by its migrations, which sign nothing.
        row.author = "Evently"
        if change is None or row.template == shipped(TemplateType(row.template_type)):
            continue
        row.author = actor_in_words(
            change.actor,
            via=change.via,
            signed=change.signed,
            db_role=change.db_role,
            names=names,
        )
