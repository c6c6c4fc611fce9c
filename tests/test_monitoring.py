"""Alert rules and dashboard speak of metrics that exist, with labels that they have."""

import json
import re
import shutil
import subprocess

import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from evently import metrics
from evently.environment import BASE_DIR

RULES = BASE_DIR / "deploy" / "prometheus" / "evently-alerts.yml"
DASHBOARD = BASE_DIR / "deploy" / "grafana" / "evently-dashboard.json"
NAME = re.compile(r"\bevently_[a-z0-9_]+")
SELECTED = re.compile(r"\b(evently_[a-z0-9_]+)\{([^}]*)\}")
# Gauges that are told only after something has happened, or only outside of tests.
SOMETIMES = {
    "evently_ledger_mismatches": set(),
    "evently_ledger_check_age_seconds": set(),
    "evently_replica_up": {"replica"},
    "evently_replica_lag_seconds": {"replica"},
}


def alerts():
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    return group["rules"]


def panels():
    return json.loads(DASHBOARD.read_text())["panels"]


def expressions():
    return [rule["expr"] for rule in alerts()] + [
        target["expr"] for panel in panels() for target in panel["targets"]
    ]


@pytest.fixture
def known(transactional_db):
    """Return the names of all series, each with its labels."""
    found = dict(SOMETIMES)
    for family in text_string_to_metric_families(metrics.exposition().decode()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    for collector, names in REGISTRY._collector_to_names.items():
        for name in names:
            labels = set(getattr(collector, "_labelnames", ()))
            found.setdefault(name, set()).update(labels)
    return found


def test_rules_and_dashboard_name_metrics_and_labels_that_exist(known):
    used = {name for text in expressions() for name in NAME.findall(text)}

    assert used - known.keys() == set()
    for text in expressions():
        for name, selectors in SELECTED.findall(text):
            labels = set(re.findall(r"(\w+)\s*[=!]", selectors))
            assert labels <= known[name], (name, labels)


def test_rules_cover_what_can_go_wrong():
    names = " ".join(rule["expr"] for rule in alerts())
    for needed in (
        "messages_pending_age",
        "email_failures",
        "periodic_task_lag",
        "offers_overdue",
        "ledger_mismatches",
        "database_pool",
        "worker_heartbeat",
        "scheduler_heartbeat",
        "queue_tasks",
        'sweep_failures_total{reason=~"cold_',
    ):
        assert f"evently_{needed}" in names
    assert all(rule["labels"]["severity"] in {"critical", "warning"} for rule in alerts())
    assert all(rule["annotations"]["summary"] for rule in alerts())


def test_dashboard_has_no_panel_over_another():
    places = [
        (panel["gridPos"]["x"] + dx, panel["gridPos"]["y"])
        for panel in panels()
        for dx in range(panel["gridPos"]["w"])
    ]
    assert len(places) == len(set(places))
    assert max(x for x, _ in places) < 24


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_prometheus_accepts_the_rules():
    done = subprocess.run(
        ["promtool", "check", "rules", str(RULES)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
