"""What people are told in words and times: at the edge of time, and at the beginning of sentences."""

from __future__ import annotations

import io
import logging
import re
import sys
import time
from datetime import UTC, datetime

import pytest
from hostile_posts import cases

from jamserver.cli import HarmlessLog
from jamserver.cli import main as server
from jamtui.errors import sentence
from jamtui.output import BOLD, RED, Output, local_time, width

FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "moment", "told"),
    [
        ("America/New_York", FIRST, "1-01-01 00:00"),  # there it would be the year 0
        ("Asia/Tokyo", LAST, "9999-12-31 23:59"),  # there it would be the year 10000
        ("Asia/Tokyo", datetime(2026, 1, 1, 12, tzinfo=UTC), "2026-01-01 21:00"),
    ],
)
def test_a_time_at_the_edge_of_time_is_told_as_it_was_written(
    monkeypatch: pytest.MonkeyPatch, zone: str, moment: datetime, told: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert local_time(moment) == told
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("the mirror is damaged", "The mirror is damaged"),
        ("https://jam.example.org cannot be reached", "https://jam.example.org cannot be reached"),
        ("@bob is not here", "@bob is not here"),
        ("JSON is malformed", "JSON is malformed"),
        ("config.toml has a slip", "config.toml has a slip"),
        ("muted: a title", "Muted: a title"),
        ("", ""),
    ],
)
def test_a_sentence_begins_with_a_capital_but_no_name_is_changed(text: str, told: str) -> None:
    assert sentence(text) == told


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("case", cases("esc", "c0", "c1", "uni", "markup", "md"), ids=lambda case: case["id"])
def test_what_a_command_forgot_to_make_harmless_is_refused_as_it_is_written(case: dict[str, str]) -> None:
    """Our own colours pass; of the payload, put into every way of printing as it came, no control does."""
    text = case["payload"].replace("\ud800", "").replace("\udc00", "")
    for out, err in ((Tty(), Tty()), (io.StringIO(), io.StringIO())):
        output = Output(out, err, environ={})
        output.line(f"{output.style(text, BOLD)} {text}")
        output.table(["a", "b"], [(text, 1), (text * 9, 2)], give=0, strong=[True, False])
        output.fields((text, text))
        output.say(text)
        output.progress(text, 1, 2)
        output.progress_done()
        own = "\x1b[1m", "\x1b[2m", "\x1b[0m", "\r\x1b[K", "\x1b[?7l", "\x1b[?7h"
        shown = re.sub("|".join(map(re.escape, own)), "", out.getvalue() + err.getvalue())
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", shown)
    assert out.getvalue().count("\t") == 2 + 1  # between fields, nowhere else


def test_what_is_written_over_has_one_line() -> None:
    err = Tty()
    output = Output(io.StringIO(), err, environ={})
    output.status("4:59 left" + 20 * " 広い")
    output.status("4:58 left")
    first, second = err.getvalue().split("\r\x1b[K")[1:]
    assert width(first) < 80  # where nobody says how wide it is
    assert first.endswith("…")
    assert second == "4:58 left"


def test_colours_are_ours_alone() -> None:
    out = Tty()
    output = Output(out, io.StringIO(), environ={})
    output.line(output.style("x", RED) + "\x1b[31m y")
    assert out.getvalue() == "\x1b[31mx\x1b[0m␛[31m y\n"


def test_the_server_says_harmless_words(capsys: pytest.CaptureFixture[str]) -> None:
    """What argparse repeats of its words, and what the log has of a request."""
    with pytest.raises(SystemExit):
        server(["run", "--\x1b]0;x\x07"])
    record = logging.LogRecord("jamserver", logging.ERROR, "", 0, "error in %s", ("GET /\x1b[2J\nforged: line",), None)
    try:
        raise ValueError("\x9b2J")
    except ValueError:
        record.exc_info = sys.exc_info()
    told = capsys.readouterr().err + HarmlessLog().format(record)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", told)
    assert "\nforged" not in told


def test_a_row_of_strangers_does_not_go_on_in_the_next_line() -> None:
    """A terminal that knows no joined emoji draws three of each family: the rest of the row, theirs as well, would
    begin at the left as if it were a row of ours."""
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    out = Tty()
    Output(out, io.StringIO(), environ={}).table(
        ["title", "tag"], [(family * 20, "1  Another row"), ("a", "b")], give=0
    )
    head, theirs, ours, end = out.getvalue().split("\n")
    assert theirs.startswith("\x1b[?7l")
    assert theirs.endswith("Another row\x1b[?7h")
    assert "\x1b[?7l" not in head + ours + end
    piped = io.StringIO()
    Output(piped, io.StringIO(), environ={}).unbroken(family)
    assert piped.getvalue() == f"{family}\n"
    dumb = Tty()
    Output(dumb, io.StringIO(), environ={"TERM": "dumb"}).unbroken(family)
    assert dumb.getvalue() == f"{family}\n"
