"""Development's error pages, which show all settings."""

from typing import Any

from django.views.debug import SafeExceptionReporterFilter

from evently.redaction import redact_text


class RedactingFilter(SafeExceptionReporterFilter):
    """Hides passwords and keys inside of URLs, too, as in DATABASE_URL and COLD_STORAGE_URL."""

    def cleanse_setting(self, key: Any, value: Any) -> Any:
        cleansed = super().cleanse_setting(key, value)
        return redact_text(cleansed) if isinstance(cleansed, str) else cleansed
