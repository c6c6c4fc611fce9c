"""Files of events as spreadsheets and other programs save them."""

import pytest

from events.importing.files import NotImportable, file_source
from events.importing.reading import read_rows
from events.importing.survey import survey
from events.tests.importing import HEADER, read_all


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-32"])
def test_files_are_read_however_they_were_saved(a_file, encoding):
    path = a_file(HEADER + "Café “Zoë”,2030-11-30,19:30,Zürich\n", encoding)

    assert [row.get("subject") for row in read_rows(file_source(path))] == ["Café “Zoë”"]


def test_empty_lines_before_the_header_are_skipped(a_file):
    text = "\n\n" + HEADER.replace(",", ";") + "Fair;2030-11-30;19:30;Ghent\n"

    assert [row.get("subject") for row in read_rows(file_source(a_file(text)))] == ["Fair"]


@pytest.mark.parametrize(
    "text",
    [
        '"Subject", "Start Date", "Start Time", "Location"\n'
        '"Fair", "2030-11-30", "19:30", "Ghent"\n',
        "sep=;\nSubject;Start Date;Start Time;Location\nFair;2030-11-30;19:30;Ghent\n",
        "\ufeffsep=,\r\nSubject,Start Date,Start Time,Location\r\nFair,2030-11-30,19:30,Ghent\r\n",
        "Betreff;Beginnt am;Beginnt um;Ort\nFair;30.11.2030;19:30;Ghent\n",
        "Event name|Start|Time|Venue\nFair|2030-11-30|19:30|Ghent\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
def test_files_are_read_whatever_wrote_them(a_file, text, encoding):
    (one,) = read_all(a_file(text, encoding))

    assert (one.name, one.columns["venue"]) == ("Fair", "Ghent")
    assert f"{one.columns['event_date']:%Y-%m-%d %H:%M}" == "2030-11-30 18:30"


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_files_of_other_spreadsheets_are_read(a_file, delimiter):
    text = (HEADER + "Fair,2030-11-30,19:30,Ghent\n").replace(",", delimiter)

    (row,) = read_rows(file_source(a_file(text)))

    assert (row.get("subject"), row.get("location")) == ("Fair", "Ghent")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "empty"),
        (" \n\n", "empty"),
        ("Topic,When\nFair,2030-11-30\n", "needs the columns “Subject” and “Start Date”"),
        ('{"events": []}', "needs the columns"),
        ("Subject,Start Date,Subject\nFair,2030-11-30,x\n", "has the column “Subject” twice"),
        (b"PK\x03\x04rest", "spreadsheet"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not a text file"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\n", "cut off"),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\n", "no events"),
        (HEADER + "x" * 140_000 + ",2030-11-30,19:30,Ghent\n", "more than 131,072 characters"),
        (HEADER + '"Never closed,2030-11-30\n' + "x\n" * 100_000, "unclosed quotation mark"),
    ],
)
def test_files_that_cannot_be_imported_are_refused(a_file, content, message):
    with pytest.raises(NotImportable, match=message):
        survey(file_source(a_file(content)))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(NotImportable, match="No such file"):
        survey(file_source(tmp_path / "nothing.csv"))
