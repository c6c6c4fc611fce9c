"""Reports that came before the email's id, by plain SQL."""

from uuid import uuid4

import pytest

from evently.tests.rows import insert
from evently.tests.sql import refused

pytestmark = pytest.mark.django_db

DIGEST = "ab" * 32


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"outcome": "opened"}, "chk_early_report_verdict"),
        ({"reason": "unlucky"}, "chk_early_report_verdict"),
        ({"code": "550 <ana@example.org> unknown"}, "chk_early_report_verdict"),
        ({"outcome": "delivered", "is_permanent": True}, "chk_early_report_verdict"),
        ({"source": "ana@example.org"}, "chk_early_report_source"),
        ({"digest": "ana"}, "chk_early_report_digests"),
        ({"recipient_digest": "ana@example.org"}, "chk_early_report_digests"),
        ({"message_id": ""}, "chk_early_report_message"),
        ({"message_id": "x" * 201}, "chk_early_report_message"),
        ({"digest": DIGEST}, "unq_early_report_digest"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_early_reports_hold_ids_codes_and_digests_only(columns, constraint):
    row = {"message_id": "<1@service>", "outcome": "bounced", "source": "postal"}
    fine = row | {"recipient_digest": DIGEST, "reason": "full", "code": "5.2.2"}
    id_ = insert("early_reports", **fine, digest=DIGEST, is_permanent=True)
    with refused(constraint):
        insert("early_reports", **({**row, "digest": uuid4().hex * 2} | columns))
    with refused("early_reports_pkey"):
        insert("early_reports", **row, id=id_, digest=uuid4().hex * 2)
