"""Let the database accept email templates of four more types."""

from django.db import migrations, models
from django.db.models import Q

from notifications.migration import allow_template_types

TYPES = {
    "welcome": "Welcome",
    "booking_confirm": "Booking confirmed",
    "cancellation": "Booking cancelled",
    "waitlist_join": "Joined a waitlist",
    "waitlist_promotion": "Seats offered",
    "reminder": "Reminder of an event",
    "payment_reminder": "Payment due",
    "event_over": "Thanks after an event",
    "organizer_message": "Message from an organizer",
    "notification": "Everything else",
}
NEW = ("reminder", "payment_reminder", "event_over", "organizer_message")
BEFORE = [type_ for type_ in TYPES if type_ not in NEW]


def constraint(model: str, name: str) -> list[migrations.operations.base.Operation]:
    condition = Q(template_type__in=list(TYPES))
    return [
        migrations.RemoveConstraint(model, name),
        migrations.AddConstraint(model, models.CheckConstraint(name=name, condition=condition)),
        migrations.AlterField(
            model, "template_type", models.TextField(choices=list(TYPES.items()))
        ),
    ]


class Migration(migrations.Migration):
    # In one transaction, the first lock would last until all rows are checked.
    atomic = False
    dependencies = [("notifications", "0041_address_unreachable_kind")]
    operations = [
        migrations.SeparateDatabaseAndState(
            [
                *allow_template_types("email_templates", list(TYPES), before=BEFORE),
                *allow_template_types("email_delivery_log", list(TYPES), before=BEFORE),
            ],
            [
                *constraint("emailtemplate", "chk_template_type"),
                *constraint("emaildelivery", "chk_delivery_template"),
            ],
        )
    ]
