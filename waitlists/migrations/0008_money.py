"""Let prices have the decimals of their currency, and bookings no more (`trg_booking_money`)."""

from decimal import Decimal

from django.db import migrations

from evently.database.decimals import without_scale
from evently.database.money import MoneyField
from evently.database.versioned import replace_function

ZERO = Decimal("0.00")


class Migration(migrations.Migration):
    dependencies = [("waitlists", "0007_quotes_used_once"), ("bookings", "0006_money")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                without_scale("waitlists", "unit_price"),
                without_scale("waitlist_promotions", "unit_price"),
            ],
            state_operations=[
                migrations.AlterField("waitlistentry", "unit_price", MoneyField()),
                migrations.AlterField(
                    "promotion", "unit_price", MoneyField(default=ZERO, db_default=ZERO)
                ),
            ],
        ),
        replace_function("waitlists", "ledger_bookings", version=3, previous=2),
    ]
