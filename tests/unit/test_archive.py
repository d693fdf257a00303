"""Archives as files of lines, without server or client."""

from __future__ import annotations

import gzip
import io
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import hypothesis.strategies as st
import msgspec
import pytest
import zstandard
from hypothesis import given, settings

from jamtui import archive
from jamtui.archive import ArchiveError, normal_tag
from jamtui.errors import NotFound

JAM = (
    b'{"type":"jam","data":{"format":1,"id":"j","slug":"s","title":"T",'
    b'"opens_at":"2026-01-01T00:00:00Z","closes_at":"2026-01-02T00:00:00Z"}}'
)


def records(raw: bytes) -> list[archive.Record]:
    return list(archive.check(archive.read(io.BytesIO(raw))))


def test_lines_may_end_in_any_way() -> None:
    person = b'{"type":"person","data":{"id":"p","handle":"h","name":"n"}}'
    for raw in (JAM + b"\n" + person, JAM + b"\r\n\r\n" + person + b"\r\n", b"\n" + JAM + b"\n \t\n" + person + b"\n"):
        assert [record.type for record in records(raw)] == ["jam", "person"]


def test_an_object_is_what_it_holds_whether_it_has_fields_that_are_not_known_or_not() -> None:
    plain = archive.decode("person", b'{"id":"p","handle":"h","name":"n"}')
    more = archive.decode("person", b'{"id":"p","handle":"h","name":"n","cat":{"name":["Mog"]}}')
    assert plain == more == msgspec.json.decode(b'{"name":"n","handle":"h","id":"p"}', type=archive.Person)
    assert hash(plain) == hash(more)
    assert plain != archive.decode("person", b'{"id":"p","handle":"h","name":"N"}')


_PERSON = b'{"id":"p","handle":"h","name":"n"}'


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"person","data":%s}',
        b'{"type":"person","data": %s }',
        b'{"data":%s,"type":"person"}',
        b'{"type":"person","data":%s,"more":{"x":{}}}',
    ],
)
def test_a_record_is_the_same_however_its_line_is_written(line: bytes) -> None:
    assert archive.parse_line(line % _PERSON, 1).raw == _PERSON


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"person","data":%s}}',
        b'{"type":"person","data":%s,"more":}}',
        b'{"type":"person","data":{%s}}',
        b'{"type":"person","data":{"id":"p","handle":"h","name":"n","x":"\xff"}}',
        b'{"type":"person","data":{"id":"p","handle":"h","name":"n","x":{"y":01}}}',
        b'{"type":"person","data":{"id":"p","handle":"h","name":"\xff"}}',
    ],
)
def test_a_line_that_only_begins_and_ends_well_is_refused(line: bytes) -> None:
    with pytest.raises(ArchiveError, match="line 1: "):
        archive.parse_line(line.replace(b"%s", _PERSON), 1)


def test_a_record_may_be_as_long_as_the_limit_and_no_longer() -> None:
    frame = b'{"type":"poll","data":{"x":"%s"}}'
    room = archive.MAX_RECORD - len(frame % b"")
    assert records(JAM + b"\r\n" + frame % (b"x" * room) + b"\r\n")[1].type == "poll"
    with pytest.raises(ArchiveError, match="longer than") as refused:
        records(JAM + b"\n" + frame % (b"x" * (room + 1)) + b"\n")
    assert refused.value.line == 2


def test_a_time_needs_a_zone() -> None:
    with pytest.raises(ArchiveError, match=r"line 1: .*timezone"):
        records(JAM.replace(b"2026-01-02T00:00:00Z", b"2026-01-02T00:00:00"))


def test_lone_surrogates_are_mended_and_pairs_are_not_touched() -> None:
    name = rb"\ud800 \ud83d\ude00 \udc00\ud800 \\ud800"
    raw = rb'{"type":"person","data":{"id":"p","handle":"h","name":"%s","x":"\ud800"}}' % name
    record = archive.parse_line(raw, 1)
    assert isinstance(record.data, archive.Person)
    assert record.data.name == "\ufffd 😀 \ufffd\ufffd \\ud800"
    assert msgspec.json.decode(record.raw)["x"] == "\ufffd"


@settings(deadline=None)
@given(st.text(st.characters(codec=None), max_size=40))
def test_any_text_of_python_survives_or_is_mended(text: str) -> None:
    """json.dumps writes lone surrogates as escapes; whatever it wrote is read, and whole text is read unchanged."""
    line = json.dumps({"type": "person", "data": {"id": "p", "handle": "h", "name": text}}).encode()
    record = archive.parse_line(line, 1)
    assert isinstance(record.data, archive.Person)
    assert len(record.data.name.encode()) > 0 or not text
    if not any("\ud800" <= char <= "\udfff" for char in text):
        assert record.data.name == text


def failure(line: bytes) -> ArchiveError | None:
    try:
        archive.parse_line(line, 3)
    except ArchiveError as error:
        return error
    return None


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_record_or_an_archive_error(raw: bytes) -> None:
    for line in (raw, b'{"type":"post","data":' + raw, b'{"type":"x","data":{"y":' + raw + b"}}"):
        error = failure(line)
        assert error is None or (error.line == 3 and error.title.startswith("not a valid Jam archive: line 3: "))


def test_what_nests_without_end_is_refused() -> None:
    for opening in (b"[", b'{"a":'):
        with pytest.raises(ArchiveError, match="nested"):
            archive.parse_line(b'{"type":"x","data":{"y":' + opening * 50_000, 1)


def test_times_out_of_range_are_refused() -> None:
    with pytest.raises(ArchiveError, match="years 1 to 9999"):
        records(JAM.replace(b"2026-01-01T00:00:00Z", b"0001-01-01T00:00:00+10:00"))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_files_packed_or_not(tmp_path: Path, pack: object) -> None:
    assert callable(pack)
    file = tmp_path / "any.name"
    file.write_bytes(pack(JAM + b"\n"))
    with archive.open_archive(file) as stream:
        assert [record.type for record in archive.read(stream)] == ["jam"]


def test_frames_one_behind_the_other(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(zstandard.compress(JAM[:50]) + zstandard.compress(JAM[50:]))
    with archive.open_archive(file) as stream:
        assert len(list(archive.read(stream))) == 1


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
@pytest.mark.parametrize("cut", [1, 5, 12])
def test_a_packed_file_that_was_cut_off_is_not_whole(tmp_path: Path, pack: object, cut: int) -> None:
    assert callable(pack)
    file = tmp_path / "a"
    file.write_bytes(pack(JAM + b"\n")[:-cut])
    with archive.open_archive(file) as stream, pytest.raises(ArchiveError, match="damaged or cut off"):
        list(archive.read(stream))


def test_a_bomb_costs_no_memory(tmp_path: Path) -> None:
    """One line of a gibibyte in a few kilobytes: refused after the limit of a record."""
    file = tmp_path / "bomb"
    packer = zstandard.ZstdCompressor().compressobj()
    with file.open("wb") as out:
        for _ in range(1024):
            out.write(packer.compress(b" " * (1 << 20)))
        out.write(packer.flush())
    with archive.open_archive(file) as stream:
        assert len(stream.readline(archive.MAX_RECORD)) == archive.MAX_RECORD


def test_files_that_are_not_there_or_no_files(tmp_path: Path) -> None:
    with pytest.raises(NotFound), archive.open_archive(tmp_path / "none"):
        pass
    with pytest.raises(ArchiveError, match="directory"), archive.open_archive(tmp_path):
        pass


def test_errors_of_whoever_reads_are_not_taken_for_a_damaged_file(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(JAM)
    with pytest.raises(PermissionError), archive.open_archive(file):
        raise PermissionError("of the reader's own")


def test_write_then_read(tmp_path: Path) -> None:
    out = io.BytesIO()
    pairs = [(record.type, record.raw) for record in records(JAM)] + [("poll", b'{"a":"\\n"}')]
    assert archive.write(out, pairs) == 2
    assert [(record.type, record.raw) for record in records(out.getvalue())] == pairs


def test_rfc3339_is_utc_with_milliseconds() -> None:
    moment = datetime(2026, 1, 1, 1, 2, 3, 456_789, tzinfo=timezone(timedelta(hours=2)))
    assert archive.rfc3339(moment) == "2025-12-31T23:02:03.456Z"
    assert archive.rfc3339(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("Ideas", "ideas"),
        ("  #Big \t Idea ", "big idea"),
        ("##a#b", "a#b"),
        ("E\u0301te\u0301", "\u00e9t\u00e9"),
        ("日本", "日本"),
        ("👩\u200d💻", "👩\u200d💻"),
    ],
)
def test_tags_in_their_normal_form(text: str, tag: str) -> None:
    assert normal_tag(text) == tag
    assert normal_tag(tag) == tag


@pytest.mark.parametrize("text", ["", " ", "#", "a,b", "a/b", "a\x1bb", "a\u202eb", "\x85\x00", ".", "..", "a\u200bb"])
def test_what_cannot_be_a_tag(text: str) -> None:
    with pytest.raises(ValueError, match="tag"):
        normal_tag(text)


@settings(deadline=None)
@given(st.text(max_size=30))
def test_a_normal_tag_stays_as_it_is(text: str) -> None:
    try:
        tag = normal_tag(text)
    except ValueError:
        return
    assert normal_tag(tag) == tag


def test_empty_lines_end_somewhere() -> None:
    """Two thousand million of them are 64 KiB when they are compressed, and took ten minutes to be looked at."""
    jam = b'{"type":"jam","data":{"format":1,"id":"j","slug":"j","title":"J",'
    jam += b'"opens_at":"2026-01-01T00:00:00Z","closes_at":"2026-01-02T00:00:00Z"}}\n'
    assert len(list(archive.read(io.BytesIO(b"\n" * 5_000 + jam + b"\r\n" * 5_000)))) == 1
    with pytest.raises(archive.ArchiveError, match="line 10002: more than 10,000 empty lines"):
        list(archive.read(io.BytesIO(jam + b"\n" * 10_001)))


@pytest.mark.parametrize("page", ["archive.md", "wire.md"])
def test_the_pages_name_each_field(page: str) -> None:
    """Who writes an importer of their own, or a client, has nothing else to go by."""
    rows = (Path(__file__).parents[2] / "docs" / page).read_text("utf-8").splitlines()
    for kind, struct in archive.TYPES.items():
        (row,) = [row for row in rows if re.match(rf"\| `?{kind}`? \|", row)]
        missing = {field for field in struct.__struct_fields__ if not re.search(rf"[`\"]{field}[`\"]", row)}
        assert not missing, kind
