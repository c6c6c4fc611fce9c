"""docs/security.md has each requirement of ASVS 5.0 once, and names what exists."""

import re

import pytest

from evently.environment import BASE_DIR

PAGE = (BASE_DIR / "docs" / "security.md").read_text()
REQUIREMENTS = BASE_DIR / "tests" / "asvs_requirements.txt"
ROW = re.compile(r"^\| (\d+\.\d+\.\d+[^|]*) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.M)
ROWS = [tuple(cell.strip() for cell in match.groups()) for match in ROW.finditer(PAGE)]
WITHOUT = re.compile(r"Not applicable: |Not met")


def required():
    lines = REQUIREMENTS.read_text().splitlines()
    return {line.split()[0]: line.split()[1] for line in lines if not line.startswith("#")}


def test_each_requirement_stands_there_once():
    numbers = [number for points, *_ in ROWS for number in points.split(", ")]
    assert len(numbers) == len(set(numbers)), {n for n in numbers if numbers.count(n) > 1}
    assert set(numbers) == set(required())
    assert set(required().values()) == {"1", "2"}
    assert len(numbers) == 253


def test_rows_are_in_order_and_whole():
    firsts = [tuple(map(int, points.split(", ")[0].split("."))) for points, *_ in ROWS]
    assert firsts == sorted(firsts)
    # Every line of the table was read.
    assert len(ROWS) == len(re.findall(r"^\| \d+\.\d+\.\d+", PAGE, re.MULTILINE))


@pytest.mark.parametrize("row", ROWS, ids=[points.split(",")[0] for points, *_ in ROWS])
def test_what_a_row_names_exists(row):
    _, _, how, where, tested = row
    for cell in (where, tested):
        assert cell == "—" or cell.startswith("`"), row
        for named in re.findall(r"`([^`]+)`", cell):
            path, _, function = named.partition("::")
            assert (BASE_DIR / path).is_file(), named
            assert not function or f"def {function}(" in (BASE_DIR / path).read_text(), named
    if "—" in (where, tested):
        assert WITHOUT.match(how), f"{row}: say where it is met, and how it is tested"
