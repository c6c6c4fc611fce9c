"""Template filters for amounts and counted nouns: `{% load formatting %}`."""

from decimal import Decimal

from django import template

from evently import formatting

register = template.Library()


@register.filter
def money(amount: Decimal, currency: str) -> str:
    """Return an amount as pages show it: `{{ price|money:event.currency }}`."""
    return formatting.money_with_symbol(amount, currency)


@register.filter
def counted(number: int, nouns: str) -> str:
    """Return a number with its noun.

    As in `{{ n|counted:"seat" }}` or `{{ n|counted:"person,people" }}`.
    """
    noun, _, plural = nouns.partition(",")
    return formatting.counted(number, noun, plural)
