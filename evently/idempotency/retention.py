"""How long the answers to repeatable requests are kept."""

from django.conf import settings

from evently.lifecycle.registry import Period, Rule, register

register(
    Rule(
        name="idempotency_keys",
        table="idempotency_keys",
        data="Answers to requests, for when one is repeated",
        period=Period("the request", days=settings.IDEMPOTENCY_LIFETIME.days),
        then="deleted",
        how="by a task of its own",
        ground="Contract: no booking is made twice (Art. 6 (1) b GDPR)",
        carried_out="each hour",
    ),
)
