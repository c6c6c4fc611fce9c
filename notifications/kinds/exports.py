"""The notification about a file of all data about a user."""

from django.conf import settings
from django.urls import reverse

from evently.accounts.models import DataExport, User
from evently.database.clock import now
from evently.formatting import moment
from evently.links import absolute
from evently.time_zones import zone_or_utc
from notifications.emails.email_content import EmailContent, EmailObsolete, call_to_action
from notifications.kinds.base import Category, Kind, Link, Message
from notifications.models import Notification


def data_export_ready(user: User, export: DataExport) -> Message:
    """Tell a user that the file that they requested is ready."""
    until = moment(export.expires_at, zone_or_utc(user.timezone))
    return DATA_EXPORT_READY.message(
        user_id=user.pk,
        key=f"data_export_ready:{export.pk}",
        text=(
            f"The file with your data at {settings.SITE_NAME} is ready. You can download it until "
            f"{until}.{_missing(export)}"
        ),
        data={"export": export.pk},
    )


def _missing(export: DataExport) -> str:
    """Return a sentence about what the file lacks, with a blank before it; "" for nothing."""
    if not export.missing:
        return ""
    return (
        f" It lacks bookings and waitlist entries of events that ended in {export.missing}, which "
        "could not be read. Please request your data again in a few days."
    )


def _link(notification: Notification) -> Link:
    return Link(reverse("data_export", args=[notification.data["export"]]), "Download your data")


def _write_data_export_ready(notification: Notification, user: User) -> EmailContent:
    export = DataExport.objects.filter(
        pk=notification.data.get("export"), user_id=user.pk, expires_at__gt=now()
    ).first()
    if export is None:
        # Replaced by a newer file, or deleted.
        raise EmailObsolete
    return call_to_action(
        heading="Your data is ready",
        text=(
            f"{notification.message} The link asks you to log in, so that nobody else can open it. "
            "If you did not ask for this file, log out all other sessions in your account and "
            "choose a new password."
        ),
        button_text="Download my data",
        button_url=absolute(reverse("data_export", args=[export.pk])),
    )


DATA_EXPORT_READY = Kind(
    name="data_export_ready",
    label="Your data is ready",
    category=Category.ACCOUNT,
    on_request=True,
    icon="download",
    link=_link,
    write_email=_write_data_export_ready,
)
