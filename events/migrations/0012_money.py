"""Let prices have the decimals of their currency, and no more (`trg_event_money`)."""

from decimal import Decimal

from django.db import migrations

from evently.database.decimals import without_scale
from evently.database.money import MoneyField
from evently.database.versioned import replace_function

ZERO = Decimal("0.00")


class Migration(migrations.Migration):
    dependencies = [("events", "0011_search_index")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                without_scale("events", "base_price", "current_price"),
                without_scale("pricing_history", "old_price", "new_price"),
            ],
            state_operations=[
                migrations.AlterField(
                    "event", "base_price", MoneyField(default=ZERO, db_default=ZERO)
                ),
                migrations.AlterField("event", "current_price", MoneyField(blank=True)),
                migrations.AlterField("pricechange", "old_price", MoneyField()),
                migrations.AlterField("pricechange", "new_price", MoneyField()),
            ],
        ),
        replace_function("events", "currency_exponent", version=1, previous=None),
        replace_function("events", "fits_currency", version=1, previous=None),
        replace_function("events", "event_money", version=1, previous=None),
        migrations.RunSQL(
            "CREATE TRIGGER trg_event_money BEFORE INSERT OR"
            " UPDATE OF base_price, current_price, currency ON events"
            " FOR EACH ROW EXECUTE FUNCTION evently_event_money()",
            "DROP TRIGGER trg_event_money ON events",
        ),
    ]
