"""The rule by which an event's price follows demand."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from evently.database.functions import Clock
from evently.database.models import Organized
from evently.database.money import MoneyField
from events.constraints import PRICE_LIMIT
from events.price_models import RULE
from events.pricing.plan import SalesPlan
from events.pricing.rule import Rounding, RuleSettings, StepKind, Weights

FEWEST_MINUTES, MOST_MINUTES = 5, 30 * 24 * 60
PERCENT = Fraction(1, 100)


class PriceRule(Organized):
    """The settings of an event's price rule, whether it is on, and the next rise that it announced.

    floor, ceiling, max_step, rounding_unit, rounding_ending: in the event's currency; max_step with
    the kind `percent`: of the current price. weight_…, expected_percent, plan: see
    `events.pricing.rule`. suspended_at: since when it rests because the price was changed by hand.
    next_price, next_at_taken: the price would rise to the one once so many seats are booked and
    held, as the sweep found last.

    The database keeps `version`, and the bounds on the event. Triggers: `trg_pricing_rules_guard`
    (version, kept with the event), `trg_pricing_rules_checked` (fits the event),
    `trg_pricing_rules_bounds` (the event's `price_floor` and `price_ceiling`).
    """

    # What an organizer sets.
    SETTINGS = (
        "enabled",
        "floor",
        "ceiling",
        "max_step",
        "step_kind",
        "min_interval_minutes",
        "rounding_unit",
        "rounding_ending",
        "weight_sold",
        "weight_pace",
        "weight_waitlist",
        "expected_percent",
        "plan",
        "announces_next",
    )

    event = models.ForeignKey(
        "events.Event",
        on_delete=models.DO_NOTHING,
        related_name="price_rules",
        db_constraint=False,
        db_index=False,
    )
    enabled = models.BooleanField("on", default=False, db_default=False)
    suspended_at = models.DateTimeField(null=True, blank=True, editable=False)
    floor = MoneyField("lowest price")
    ceiling = MoneyField("highest price")
    max_step = MoneyField("largest step")
    step_kind = models.TextField(choices=[(kind.value, kind.value) for kind in StepKind])
    min_interval_minutes = models.IntegerField("minutes between changes")
    rounding_unit = MoneyField("prices end in multiples of")
    rounding_ending = MoneyField("ending")
    weight_sold = models.SmallIntegerField("weight of seats sold")
    weight_pace = models.SmallIntegerField("weight of the pace")
    weight_waitlist = models.SmallIntegerField("weight of the waitlist")
    expected_percent = models.SmallIntegerField("seats expected to be sold (%)")
    plan = ArrayField(models.SmallIntegerField(), verbose_name="sales plan")
    announces_next = models.BooleanField("announce the next rise", default=True, db_default=True)
    next_price = MoneyField(null=True, blank=True, editable=False)
    next_at_taken = models.IntegerField(null=True, blank=True, editable=False)
    version = models.IntegerField(default=1, db_default=1, editable=False)
    created_at = models.DateTimeField(db_default=Clock(), editable=False)
    updated_at = models.DateTimeField(db_default=Clock(), editable=False)

    class Meta:
        db_table = "pricing_rules"
        verbose_name = "price rule"
        constraints = [
            models.UniqueConstraint(fields=["event"], name="unq_pricing_rule"),
            models.CheckConstraint(
                name="chk_pricing_rule_bounds",
                condition=Q(floor__gt=0, floor__lte=F("ceiling"), ceiling__lt=PRICE_LIMIT),
            ),
            models.CheckConstraint(
                name="chk_pricing_rule_step",
                condition=Q(step_kind="amount", max_step__gt=0, max_step__lt=PRICE_LIMIT)
                | Q(step_kind="percent", max_step__gt=0, max_step__lte=100),
            ),
            models.CheckConstraint(
                name="chk_pricing_rule_interval",
                condition=Q(
                    min_interval_minutes__gte=FEWEST_MINUTES, min_interval_minutes__lte=MOST_MINUTES
                ),
            ),
            models.CheckConstraint(
                name="chk_pricing_rule_rounding",
                condition=Q(
                    rounding_unit__gt=0,
                    rounding_unit__lt=PRICE_LIMIT,
                    rounding_ending__gte=0,
                    rounding_ending__lt=F("rounding_unit"),
                ),
            ),
            models.CheckConstraint(
                name="chk_pricing_rule_weights",
                condition=Q(
                    weight_sold__range=(0, 100),
                    weight_pace__range=(0, 100),
                    weight_waitlist__range=(0, 100),
                    expected_percent__range=(1, 100),
                ),
            ),
            models.CheckConstraint(
                name="chk_pricing_rule_next",
                condition=Q(next_price__isnull=True, next_at_taken__isnull=True)
                | Q(
                    next_price__gte=F("floor"),
                    next_price__lte=F("ceiling"),
                    next_price__isnull=False,
                    next_at_taken__gte=0,
                    next_at_taken__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="chk_pricing_rule_suspended",
                condition=Q(suspended_at__isnull=True) | Q(enabled=True),
            ),
        ]

    @property
    def is_active(self) -> bool:
        """Whether it moves the price while seats are on sale."""
        return self.enabled and self.suspended_at is None

    @property
    def name(self) -> str:
        """What the price history says that a price was changed by."""
        return f"{RULE} v{self.version}"

    @property
    def min_interval(self) -> timedelta:
        return timedelta(minutes=self.min_interval_minutes)

    def settings(self, base_price: Decimal) -> RuleSettings:
        """Return the settings for the rule's formula; base_price: of a seat, without pressure."""
        return RuleSettings(
            floor=self.floor,
            ceiling=self.ceiling,
            base_price=base_price,
            max_step=self.max_step,
            step_kind=StepKind(self.step_kind),
            min_interval=self.min_interval,
            rounding=Rounding(self.rounding_unit, self.rounding_ending),
            plan=SalesPlan(tuple(self.plan)),
            weights=Weights(
                sold=self.weight_sold * PERCENT,
                pace=self.weight_pace * PERCENT,
                waitlist=self.weight_waitlist * PERCENT,
            ),
            expected_share=self.expected_percent * PERCENT,
        )
