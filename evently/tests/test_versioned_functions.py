"""Each database function has its source in a file, and the newest file is what is installed."""

import shutil
from pathlib import Path

import pytest
from django.apps import apps
from django.db import DatabaseError, connections, transaction
from django.db.migrations.state import ProjectState

from evently.database import versioned
from evently.database.versioned import replace_function, source
from evently.tests.database import as_owner
from evently.tests.functions import definitions, files

FILES = files()
# A second version that differs in its result; the comment shows that % is left alone.
V02 = """
CREATE OR REPLACE FUNCTION evently_somebody_fits(event uuid, free_seats int) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT free_seats > 41 -- 100 % of them
$$;
"""
DROPPED = "DROP FUNCTION evently_on_sale(events);\n"


@pytest.fixture(scope="module")
def owner(django_db_setup):
    """Connect as the owner; nothing that happens in a test stays."""
    with as_owner() as connection:
        yield connection
        connection.rollback()


def test_each_function_has_a_file_and_each_file_a_function(owner):
    installed = definitions(owner)
    gone = {name for name, file in FILES.items() if newest(*file).lstrip().startswith("DROP")}
    assert set(installed) == set(FILES) - gone
    assert {name for name, found in installed.items() if len(found) > 1} == set()


@pytest.mark.parametrize("name", FILES)
def test_versions_are_gapless(name):
    _, _, numbers = FILES[name]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("name", FILES)
def test_all_versions_are_of_one_function(name):
    app, file, numbers = FILES[name]
    assert {versioned.function_name(source(app, file, number)) for number in numbers} == {name}
    assert name in (file, f"evently_{file}")


@pytest.mark.parametrize("name", FILES)
def test_installed_function_is_its_newest_file(name, owner):
    before = definitions(owner)
    with owner.transaction(force_rollback=True):
        owner.execute(newest(*FILES[name]))
        after = definitions(owner)
    assert after.get(name) == before.get(name)
    assert set(after) == set(before)


def newest(app, name, numbers):
    """Return the text of a function's newest file."""
    return source(app, name, numbers[-1])


class TestReplaceFunction:
    """Operations of a made-up migration, run by the owner and rolled back."""

    pytestmark = pytest.mark.django_db(databases=["default", "owner"])

    @pytest.fixture
    def folder(self, tmp_path, monkeypatch):
        """Let the app have its files elsewhere, with a second version of one function."""
        waitlists = apps.get_app_config("waitlists")
        shutil.copytree(Path(waitlists.path) / "sql", tmp_path / "sql")
        monkeypatch.setattr(waitlists, "path", str(tmp_path))
        (tmp_path / "sql" / "somebody_fits_v02.sql").write_text(V02)
        (tmp_path / "sql" / "on_sale_v02.sql").write_text(DROPPED)
        return tmp_path / "sql"

    def test_installs_a_version_and_goes_back(self, folder):
        operation = replace_function("waitlists", "somebody_fits", version=2, previous=1)
        before = installed("evently_somebody_fits")

        forwards(operation)

        assert fits(42) is True
        changed = installed("evently_somebody_fits")
        assert changed["prosrc"] != before["prosrc"]
        assert (changed["oid"], changed["proacl"]) == (before["oid"], before["proacl"])
        assert "=X/" not in changed["proacl"].strip("{}").split(",")

        backwards(operation)

        assert fits(42) is False
        assert installed("evently_somebody_fits") == before

    def test_creates_a_new_function_and_drops_it(self, folder):
        (folder / "answer_v01.sql").write_text(
            "CREATE OR REPLACE FUNCTION evently_answer() RETURNS int LANGUAGE sql AS 'SELECT 42';"
        )
        operation = replace_function("waitlists", "answer", version=1, previous=None)

        forwards(operation)
        assert value("SELECT evently_answer()") == 42

        backwards(operation)
        assert installed("evently_answer") is None

    def test_replaces_a_signature(self, folder):
        for version, arguments in ((1, "a int"), (2, "a int, b int")):
            (folder / f"sum_v{version:02}.sql").write_text(
                f"CREATE OR REPLACE FUNCTION evently_sum({arguments}) RETURNS int"
                f" LANGUAGE sql AS 'SELECT {version}';"
            )
        forwards(replace_function("waitlists", "sum", version=1, previous=None))
        operation = replace_function("waitlists", "sum", version=2, previous=1, new_signature=True)

        forwards(operation)
        assert value("SELECT evently_sum(1, 1)") == 2
        assert value("SELECT count(*) FROM pg_proc WHERE proname = 'evently_sum'") == 1

        backwards(operation)
        assert value("SELECT evently_sum(1)") == 1
        assert value("SELECT count(*) FROM pg_proc WHERE proname = 'evently_sum'") == 1

    def test_drops_a_function_and_brings_it_back(self, folder):
        operation = replace_function("waitlists", "on_sale", version=2, previous=1)
        before = installed("evently_on_sale")

        forwards(operation)
        assert installed("evently_on_sale") is None

        backwards(operation)
        assert installed("evently_on_sale")["prosrc"] == before["prosrc"]

    def test_does_not_drop_what_a_trigger_uses(self):
        operation = replace_function("waitlists", "rank_line", version=1, previous=None)
        with (
            pytest.raises(DatabaseError, match="other objects depend"),
            transaction.atomic("owner"),
        ):
            backwards(operation)

    def test_missing_version_fails_when_the_migration_is_loaded(self):
        with pytest.raises(FileNotFoundError):
            replace_function("waitlists", "rank_line", version=99, previous=1)

    def test_file_without_version_is_refused(self, folder):
        (folder / "rank_line.sql").write_text("SELECT 1")
        with pytest.raises(ValueError, match=r"rank_line\.sql"):
            versioned.versions("waitlists")


def forwards(operation):
    with connections["owner"].schema_editor(atomic=True) as editor:
        operation.database_forwards("waitlists", editor, ProjectState(), ProjectState())


def backwards(operation):
    with connections["owner"].schema_editor(atomic=True) as editor:
        operation.database_backwards("waitlists", editor, ProjectState(), ProjectState())


def value(query, *parameters):
    with connections["owner"].cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchone()[0]


def fits(seats):
    return value("SELECT evently_somebody_fits(gen_random_uuid(), %s)", seats)


def installed(name):
    """Return a function's row in the catalog; None where there is none."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT oid, prosrc, proacl::text, proowner, prosecdef, proconfig FROM pg_proc"
            " WHERE proname = %s",
            [name],
        )
        names = [column.name for column in cursor.description]
        row = cursor.fetchone()
    return dict(zip(names, row, strict=True)) if row else None
