"""Data exports, written by plain SQL."""

import pytest

from evently.tests.rows import insert, person
from evently.tests.sql import as_at_commit, refused, run, value

pytestmark = pytest.mark.django_db

READY = "now(), now() + interval '7 days', 10, 1"


def ready(user_id, values=READY):
    return value(
        "INSERT INTO data_exports (user_id, status, ready_at, expires_at, size_bytes, parts)"
        f" VALUES (%s, 'ready', {values}) RETURNING id",
        user_id,
    )


def test_one_export_of_a_person_is_open_at_a_time():
    first, other = person(), person()
    insert("data_exports", user_id=first)
    ready(first)
    insert("data_exports", user_id=other)

    with refused("unq_data_export_open"):
        insert("data_exports", user_id=first)


@pytest.mark.parametrize(
    "values",
    [
        "NULL, now(), 10, 1",
        "now(), NULL, 10, 1",
        "now(), now() - interval '1 day', 10, 1",
        "now(), now() + interval '7 days', 0, 1",
        "now(), now() + interval '7 days', 10, 0",
    ],
)
def test_what_is_ready_has_a_file_and_an_end(values):
    user_id = person()
    with refused("chk_data_export_ready"):
        ready(user_id, values)


def test_what_is_not_ready_has_neither():
    user_id = person()
    with refused("chk_data_export_ready"):
        insert("data_exports", user_id=user_id, size_bytes=10)
    with refused("chk_data_export_status"):
        insert("data_exports", user_id=user_id, status="lost")


def test_parts_belong_to_the_person_of_their_export():
    user_id, other = person(), person()
    export = ready(user_id)
    part = insert("data_export_parts", export_id=export, user_id=user_id, number=0, sealed=b"x")

    with refused("fk_data_export_parts_export"):
        insert("data_export_parts", export_id=export, user_id=other, number=1, sealed=b"x")
    with refused("unq_export_part"):
        insert("data_export_parts", export_id=export, user_id=user_id, number=0, sealed=b"x")
    with refused("chk_export_part_number"):
        insert("data_export_parts", export_id=export, user_id=user_id, number=-1, sealed=b"x")
    with refused("data_export_parts_pkey"):
        insert(
            "data_export_parts", id=part, export_id=export, user_id=user_id, number=1, sealed=b"x"
        )


def test_ids_and_persons_exist():
    user_id = person()
    export = ready(user_id)
    with refused("data_exports_pkey"):
        insert("data_exports", id=export, user_id=person(), status="failed")
    with refused("fk_data_exports_user"):
        insert("data_exports", user_id="00000000-0000-7000-8000-000000000000")


def test_all_goes_with_the_person():
    user_id = person()
    export = ready(user_id)
    insert("data_export_parts", export_id=export, user_id=user_id, number=0, sealed=b"x")
    as_at_commit()

    run("DELETE FROM users WHERE id = %s", user_id)

    as_at_commit()
    assert value("SELECT count(*) FROM data_exports") == 0
    assert value("SELECT count(*) FROM data_export_parts") == 0
