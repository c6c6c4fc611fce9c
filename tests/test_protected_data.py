"""docs/protected-data.md says of each table and column what protects it, and says the truth."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

from evently.tests.sql import run

pytestmark = pytest.mark.django_db

PAGE = Path(__file__).resolve().parent.parent / "docs" / "protected-data.md"
ROW = re.compile(
    r"^\| (?P<table>[a-z_.]+) \| (?P<columns>[^|]+) \| (?P<how>[^|]+) \|", re.MULTILINE
)
ACTIONS = {
    "trailed": {"insert", "update", "delete"},
    "updates trailed": {"update"},
    "deletes trailed": {"delete"},
    "unsigned inserts trailed": {"insert"},
    "unsigned updates trailed": {"update"},
    "unsigned deletes trailed": {"delete"},
}
COLUMNS = r"""
    SELECT CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname, a.attname
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'test_seeds')
      AND c.relname NOT LIKE 'django\_%' AND c.relname NOT LIKE 'auth\_%'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
"""
TRIGGERS = r"""
    SELECT CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname,
        substr(t.tgname, 11), encode(t.tgargs, 'escape')
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE t.tgname LIKE 'trg\_audit\_%'
"""


def documented():
    """Return the page's table: {table: {column or "*": [how]}}."""
    found = defaultdict(dict)
    for match in ROW.finditer(PAGE.read_text()):
        for column in match["columns"].split(", "):
            assert column.strip() not in found[match["table"]], match[0]
            found[match["table"]][column.strip()] = match["how"].strip().split(", ")
    return found


def live():
    columns = defaultdict(set)
    for table, column in run(COLUMNS):
        columns[table].add(column)
    return columns


def test_each_table_and_column_is_documented():
    page, tables = documented(), live()

    assert set(page) == set(tables)
    for table, columns in tables.items():
        named = set(page[table]) - {"*"}
        assert named <= columns, f"{table} has no {named - columns}"
        missing = columns - named
        assert not missing or "*" in page[table], f"{table}: say what protects {missing}"


def test_what_is_documented_as_trailed_is_trailed():
    triggers = defaultdict(dict)
    for table, action, arguments in run(TRIGGERS):
        ignored = arguments.split("\\000")[1].strip("{}").split(",")
        triggers[table][action] = set(ignored)
    for table, columns in documented().items():
        promised = set()
        for column, how in columns.items():
            for word in how:
                promised |= ACTIONS.get(word, set())
            if "trailed" in how:
                for ignored in triggers[table].values():
                    assert column not in ignored, f"{table}.{column} is not trailed"
        assert promised == set(triggers[table]), table
        # What the audit log leaves out must stand there by name.
        for ignored in triggers[table].values():
            left_out = (ignored & live()[table]) - set(columns)
            assert not left_out, f"{table}: {left_out} are not trailed"


def test_frozen_tables_name_their_trigger():
    names = {name for (name,) in run("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")}
    for line in PAGE.read_text().splitlines():
        for name in re.findall(r"`(trg_[a-z_]+)`", line):
            assert name in names, line
