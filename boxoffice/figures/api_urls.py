"""API URLs of figures."""

from django.urls import path

from boxoffice.figures import api

urlpatterns = [
    path(
        "events/<uuid:event_id>/analytics/",
        api.EventAnalyticsView.as_view(),
        name="api_event_analytics",
    ),
    path(
        "events/<uuid:event_id>/analytics.csv",
        api.EventCsvView.as_view(),
        name="api_event_analytics_csv",
    ),
    path(
        "events/<uuid:event_id>/analytics.parquet",
        api.EventParquetView.as_view(),
        name="api_event_analytics_parquet",
    ),
    path("analytics/", api.AnalyticsView.as_view(), name="api_analytics"),
    path("analytics.csv", api.CsvView.as_view(), name="api_analytics_csv"),
    path("analytics.parquet", api.ParquetView.as_view(), name="api_analytics_parquet"),
]
