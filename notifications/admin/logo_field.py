"""The logo in the form of an event's email texts: chosen, shown, kept through refusals, removed.

A chosen file is saved with the texts. Until then the page carries what it becomes along, signed:
browsers forget which file was chosen, and a mistake in a text shall not lose it.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.core import signing
from unfold.widgets import UnfoldAdminFileFieldWidget

from notifications.emails.logo_files import MOST_UPLOAD_BYTES, LogoRefused, LogoTooLarge, logo_from
from notifications.emails.logos import HIGHEST, WIDEST, Logo
from notifications.logo_models import EventLogo
from notifications.operations.event_logos import LogoChange

ACCEPTED = "image/png,image/jpeg,image/webp,image/gif"
KEPT_FOR = timedelta(days=1)


class LogoForm(forms.Form):
    """A file for the logo. Its fields are beside those of the texts, in the same form."""

    logo = forms.FileField(
        label="Logo",
        required=False,
        allow_empty_file=True,
        widget=UnfoldAdminFileFieldWidget(
            attrs={
                "accept": ACCEPTED,
                "data-logo": "",
                "data-most-bytes": str(MOST_UPLOAD_BYTES),
                "data-too-large": LogoTooLarge.message,
            }
        ),
        help_text=(
            f"PNG, JPEG, WebP or GIF, at most {MOST_UPLOAD_BYTES // 1024 // 1024} MB; best twice "
            f"as large as it is shown, which is at most {WIDEST} × {HIGHEST} pixels. One logo for "
            "all emails about this event."
        ),
    )
    logo_kept = forms.CharField(required=False, widget=forms.HiddenInput)
    logo_version = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)
    logo_remove = forms.BooleanField(label="Remove this logo", required=False)
    logo_discard = forms.BooleanField(label="Do not use this file", required=False)

    def __init__(self, data: Any, files: Any, *, event_id: UUID, saved: EventLogo | None) -> None:
        """data, files: None before anything was entered. saved: the event's logo as it is now."""
        super().__init__(data, files)
        self._salt = f"event-logo:{event_id}"
        self.saved = saved

    def clean_logo(self) -> Logo | None:
        """Return what the file becomes, None without one."""
        file = self.cleaned_data["logo"]
        if file is None:
            return None
        try:
            if file.size > MOST_UPLOAD_BYTES:
                raise LogoTooLarge
            file.seek(0)
            return logo_from(file.read())
        except LogoRefused as refusal:
            raise forms.ValidationError(refusal.text) from refusal

    def clean_logo_kept(self) -> Logo | None:
        """Return the file that was chosen before; None if it has not been signed here."""
        signed = self.cleaned_data["logo_kept"]
        if not signed:
            return None
        try:
            return Logo.from_json(signing.loads(signed, salt=self._salt, max_age=KEPT_FOR))
        except signing.BadSignature as error:
            raise forms.ValidationError(
                "The file that you chose was kept for too long. Choose it again."
            ) from error

    @property
    def chosen(self) -> Logo | None:
        """The logo that was chosen and is not saved yet."""
        entered = self._entered
        logo: Logo | None = entered.get("logo")
        if logo is None and not entered.get("logo_discard"):
            logo = entered.get("logo_kept") or None
        return logo

    @property
    def is_removed(self) -> bool:
        return self.chosen is None and bool(self._entered.get("logo_remove"))

    @property
    def shown(self) -> Logo | None:
        """The logo that emails would show if all was saved as it was entered."""
        if self.chosen is not None:
            return self.chosen
        return self.saved.logo if self.saved is not None and not self.is_removed else None

    @property
    def seen_version(self) -> int:
        """The version of the logo that the page showed, 0 for none."""
        seen: int | None = self._entered.get("logo_version")
        return self.current_version if seen is None else seen

    @property
    def current_version(self) -> int:
        return self.saved.version if self.saved is not None else 0

    @property
    def change(self) -> LogoChange | None:
        """What is to become of the logo; None: it stays."""
        if self.chosen is None and not self.is_removed:
            return None
        return LogoChange(self.chosen, version=self.seen_version)

    @property
    def kept(self) -> str:
        """The logo that was chosen, for the page to carry along."""
        if self.chosen is None:
            return ""
        return signing.dumps(self.chosen.as_json(), salt=self._salt)

    @property
    def _entered(self) -> dict[str, Any]:
        """What was entered and is valid, by field."""
        if not self.is_bound:
            return {}
        self.errors  # noqa: B018  # checks it
        return self.cleaned_data
