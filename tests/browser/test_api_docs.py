"""The API's docs work in a browser, under the Content-Security-Policy of all pages."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_docs_render_and_try_a_request(site):
    page = site.open(path="/api/v1/docs/")

    expect(page.get_by_role("heading", name="Evently API")).to_be_visible()
    operation = page.locator("#operations-events-events_list")
    operation.get_by_role("button").first.click()
    expect(operation.get_by_text("Words in the name, venue or description")).to_be_visible()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.get_by_text('"results": []').first).to_be_visible()
