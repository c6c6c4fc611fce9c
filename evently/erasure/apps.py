"""The erasure app."""

from django.apps import AppConfig


class ErasureConfig(AppConfig):
    """Receipts of erasures, and the register by which a restored backup erases again."""

    name = "evently.erasure"
    label = "erasure"
    verbose_name = "Erasures"

    def ready(self) -> None:
        """Register gauges and the checks of a start."""
        from evently.erasure import gauges, restoring  # noqa: F401
