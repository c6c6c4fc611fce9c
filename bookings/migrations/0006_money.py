"""Let amounts have the decimals of their currency."""

from decimal import Decimal

from django.db import migrations

from evently.database.decimals import without_scale
from evently.database.money import MoneyField

ZERO = Decimal("0.00")
TOTAL = {"max_digits": 14}


class Migration(migrations.Migration):
    dependencies = [("bookings", "0005_quotes_indexed"), ("events", "0012_money")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                without_scale("bookings", "unit_price", "total_amount"),
                without_scale("bookings_archive", "unit_price", "total_amount"),
                without_scale("payments", "amount"),
            ],
            state_operations=[
                migrations.AlterField(
                    "booking", "unit_price", MoneyField(default=ZERO, db_default=ZERO)
                ),
                migrations.AlterField("booking", "total_amount", MoneyField(**TOTAL)),
                migrations.AlterField(
                    "archivedbooking", "unit_price", MoneyField(default=ZERO, db_default=ZERO)
                ),
                migrations.AlterField("archivedbooking", "total_amount", MoneyField(**TOTAL)),
                migrations.AlterField("payment", "amount", MoneyField(**TOTAL)),
            ],
        ),
        migrations.RunSQL(
            "ALTER TABLE payments ADD CONSTRAINT chk_payment_money"
            " CHECK (evently_fits_currency(amount, currency)) NOT VALID",
            "ALTER TABLE payments DROP CONSTRAINT chk_payment_money",
        ),
    ]
