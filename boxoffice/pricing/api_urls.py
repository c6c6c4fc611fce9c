"""API URLs of price rules."""

from django.urls import path

from boxoffice.pricing.api import PriceRulePreviewView, PriceRuleView

urlpatterns = [
    path(
        "events/<uuid:event_id>/pricing-rule/",
        PriceRuleView.as_view(),
        name="api_event_pricing_rule",
    ),
    path(
        "events/<uuid:event_id>/pricing-rule/preview/",
        PriceRulePreviewView.as_view(),
        name="api_event_pricing_rule_preview",
    ),
]
