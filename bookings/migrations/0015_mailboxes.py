"""Count seats of several addresses of one mailbox as one person's, by a digest in the booking."""

from django.db import migrations, models

from evently.audit.migration import audited_anew


class Migration(migrations.Migration):
    dependencies = [("bookings", "0014_ticket_transfers")]
    operations = [
        migrations.AddField("booking", "mailbox", models.TextField(editable=False, null=True)),
        *audited_anew("bookings"),
    ]
