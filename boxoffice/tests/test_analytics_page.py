"""docs/analytics.md has the metrics of the registry."""

from boxoffice.figures.page import PAGE, page


def test_docs_are_those_of_the_registry():
    assert PAGE.read_text() == page(), "run: .venv/bin/python manage.py check_analytics --page"
