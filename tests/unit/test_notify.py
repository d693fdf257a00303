"""How somebody is told: what is written is one whole sequence whatever strangers wrote, and only when it may be."""

from __future__ import annotations

import base64
import json
import os
import re
import stat
import time as time_module
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from jamtui import config, notify
from jamtui.notice import Came, Reason
from jamtui.notifier import Notifier, summary
from jamtui.notify import LIMIT, Settings, Way, harmless, sequence, way

DATA = Path(__file__).parents[1] / "data" / "hostile"
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
PAYLOADS = [
    case["payload"]
    for name in ("corpus.json", "more.json")
    for case in json.loads((DATA / name).read_text())
    if isinstance(case["payload"], str)
]
PAYLOADS += [chr(code) for code in (*range(0xA0), 0xAD, *range(0x2000, 0x2070), 0xFEFF, 0xFFFF, 0xE0001, 0x10FFFF)]
PAYLOADS += [
    "4;1;50",
    "9;9;/tmp",
    "\x1b\\x",
    "\x07",
    "\x9c",
    ";;;",
    "i=1:d=0;",
    "\udc9b",
    "x" * 100_000,
    "\U0001f469\u200d\U0001f4bb\U0001f1e9\U0001f1ea",
]

# All that a sequence may be: our begin, text without any control (as bytes: none below 0x20, none of 0x7F; C1 is
# looked for in the text), our end.
_WHOLE = {
    "osc9": re.compile(rb"\x1b\]9;jamtui: ([^\x00-\x1f\x7f]*)\x1b\\"),
    "osc777": re.compile(rb"\x1b\]777;notify;jamtui;([^\x00-\x1f\x7f;]*)\x1b\\"),
    "osc99": re.compile(rb"\x1b\]99;i=jamtui:e=1;([A-Za-z0-9+/=]*)\x1b\\"),
}
_PASSED = re.compile(rb"\x1bPtmux;((?:[^\x1b]|\x1b\x1b)*)\x1b\\")


def came(text: str = "hello", who: str = "Ana", reason: Reason = Reason.ANSWER, thread: str = "t") -> Came:
    return Came(f"thread:{thread}", reason, who, "Tea", text, thread)


@pytest.mark.parametrize("tmux", [False, True])
@pytest.mark.parametrize("by", sorted(_WHOLE))
def test_what_is_written_is_exactly_one_whole_sequence(by: str, tmux: bool, figure: Callable[..., None]) -> None:
    for payload in PAYLOADS:
        for text in (payload, summary([came(payload, payload)]), summary([came(payload, payload), came()])):
            data = sequence(by, text, tmux=tmux).encode()
            if tmux:
                passed = _PASSED.fullmatch(data)
                assert passed, data
                data = passed[1].replace(b"\x1b\x1b", b"\x1b")
            found = _WHOLE[by].fullmatch(data)
            assert found, data
            shown = base64.b64decode(found[1]).decode() if by == "osc99" else found[1].decode()
            assert shown.isprintable(), repr(shown)
            assert len(shown) <= LIMIT + len("jamtui: ")
    figure("notifications: {:.0f} hostile texts x 3 sequences x 2 ways, each one whole sequence", len(PAYLOADS))


def test_on_a_terminal_of_another_encoding_it_is_ascii() -> None:
    made = sequence("osc9", "Ünïcode \u00db \U0001f600", ascii_only=True)
    assert made.isascii()
    assert made == "\x1b]9;jamtui: ?n?code ? ?\x1b\\"


def test_osc_9_begins_with_no_number_that_a_terminal_takes_for_a_command() -> None:
    for payload in ("4;3;0", "1;1000", "9;/", "2;x"):
        assert sequence("osc9", payload).startswith("\x1b]9;jamtui: ")


def test_no_way_of_the_terminal_writes_nothing() -> None:
    assert sequence("desktop", "x") == sequence("nothing", "x") == sequence("auto", "x") == ""


@pytest.mark.parametrize(
    ("environ", "by"),
    [
        ({"TERM": "xterm-kitty"}, "osc99"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "osc9"),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, "osc9"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "osc777"),
        ({"TERM": "xterm-ghostty"}, "osc777"),
        ({"TERM": "foot"}, "osc777"),
        ({"TERM": "xterm-256color"}, "nothing"),
        ({"TERM": "dumb"}, "nothing"),
        ({}, "nothing"),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/x", "KITTY_WINDOW_ID": "1"}, "nothing"),
        ({"TERM": "screen-256color", "KITTY_WINDOW_ID": "1"}, "nothing"),
        ({"TERM": "xterm-kitty", "ZELLIJ": "0"}, "nothing"),
    ],
)
def test_a_known_terminal_is_used_by_itself(environ: dict[str, str], by: str) -> None:
    assert way(Settings(), environ).by == by


def test_tmux_only_when_asked_for() -> None:
    inside = {"TERM": "tmux-256color", "TMUX": "/tmp/x", "LC_TERMINAL": "iTerm2"}
    assert way(Settings(by="osc777"), inside).by == "nothing"
    assert "tmux = true" in way(Settings(by="osc777"), inside).why
    assert way(Settings(by="osc777", tmux=True), inside) == Way("osc777", "so it is set", True)
    assert way(Settings(tmux=True), inside) == Way("osc9", "iTerm2 shows them", True)
    assert way(Settings(tmux=True), {"TERM": "screen", "STY": "1"}).by == "nothing"
    assert way(Settings(by="nothing", tmux=True), inside).by == "nothing"


# -- the desktop


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A notify-send that writes down what it was given."""
    tool = tmp_path / "bin" / "notify-send"
    tool.parent.mkdir()
    told = os.fspath(tmp_path / "told")
    tool.write_text(
        "#!/usr/bin/env python3\nimport json, os, sys\n"
        f"line = json.dumps([sys.argv[1:], 'JAMTUI_TOKEN' in os.environ])\nopen({told!r}, 'a').write(line + '\\n')\n"
    )
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    return tmp_path


def test_the_desktop_is_told_without_a_shell(program: Path) -> None:
    environ = {"PATH": f"{program / 'bin'}{os.pathsep}{os.environ['PATH']}", "JAMTUI_TOKEN": "secret"}
    texts = ["-x; $(touch /tmp/no) `id` '\"&<b>bold</b>\n--help", "\x1b]0;x\x07\udc80"]
    for text in texts:
        assert notify.show_on_desktop(text, environ, "linux") == ""
    told = [json.loads(line) for line in (program / "told").read_text().splitlines()]
    assert [argv for argv, _ in told] == [["--app-name=jamtui", "--", harmless(text)] for text in texts]
    assert not any(secret for _, secret in told)
    assert way(Settings(by="desktop"), environ, "linux").by == "desktop"


def test_a_desktop_that_is_not_there_fails_or_never_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = {"PATH": os.fspath(tmp_path)}
    assert way(Settings(by="desktop"), nowhere, "linux").by == "nothing"
    assert "no notify-send" in notify.show_on_desktop("x", nowhere, "linux")
    tool = tmp_path / "notify-send"
    for script, words in (("exit 3", "ended with 3"), ("exec sleep 60", "did not end")):
        tool.write_text(f"#!/bin/sh\nPATH=/bin:/usr/bin\n{script}\n")
        tool.chmod(0o755)
        monkeypatch.setattr(notify, "SECONDS", 0.3)
        assert words in notify.show_on_desktop("x", nowhere, "linux")


# -- quiet hours


@pytest.mark.parametrize(
    ("quiet", "at", "is_quiet"),
    [
        ("22:00-07:00", "21:59", False), ("22:00-07:00", "22:00", True), ("22:00-07:00", "23:59", True),
        ("22:00-07:00", "00:00", True), ("22:00-07:00", "06:59", True), ("22:00-07:00", "07:00", False),
        ("12:00-13:30", "12:00", True), ("12:00-13:30", "13:30", False), ("12:00-13:30", "03:00", False),
    ],
)  # fmt: skip
def test_quiet_hours_across_midnight(quiet: str, at: str, is_quiet: bool) -> None:
    zone = ZoneInfo("Europe/Berlin")
    moment = datetime.fromisoformat(f"2026-07-01T{at}").replace(tzinfo=zone).astimezone(UTC)
    assert Settings(quiet=notify.hours(quiet)).quiet_at(moment, zone) is is_quiet


def test_quiet_hours_are_those_of_the_clock_on_the_wall_when_it_is_changed() -> None:
    """Germany goes from 02:00 to 03:00 on 29 March 2026, and from 03:00 back to 02:00 on 25 October."""
    zone, quiet = ZoneInfo("Europe/Berlin"), Settings(quiet=(time(22), time(7)))
    for day, before, after in (
        (datetime(2026, 3, 28, 20, tzinfo=UTC), 21, 5),
        (datetime(2026, 10, 24, 19, tzinfo=UTC), 20, 6),
    ):
        hours = [day + timedelta(minutes=10 * step) for step in range(12 * 6 + 1)]
        first = next(one for one in hours if quiet.quiet_at(one, zone))
        last = next(one for one in hours if one > first and not quiet.quiet_at(one, zone))
        assert (first.hour, last.hour) == (before, after)
        assert all(quiet.quiet_at(one, zone) for one in hours if first <= one < last)


@pytest.mark.parametrize(("zone", "begins", "ends"), [
    ("UTC", 22, 7), ("Asia/Kolkata", 16.5, 1.5), ("America/St_Johns", 0.5, 9.5), ("Pacific/Kiritimati", 8, 17),
])  # fmt: skip
def test_quiet_hours_are_those_of_the_zone_of_this_machine(
    zone: str, begins: float, ends: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """22:00 to 07:00 in zones with half hours, and on both sides of the line where days begin (in July, as UTC)."""
    monkeypatch.setenv("TZ", zone)
    time_module.tzset()
    try:
        quiet, day = Settings(quiet=(time(22), time(7))), datetime(2026, 7, 1, tzinfo=UTC)
        for step in range(24 * 12):
            hour = step / 12
            expected = begins <= hour < ends if begins < ends else hour >= begins or hour < ends
            assert quiet.quiet_at(day + timedelta(hours=hour)) is expected, hour
    finally:
        monkeypatch.undo()
        time_module.tzset()


# -- when


def test_at_most_one_in_some_seconds_and_the_rest_is_summed_up() -> None:
    notifier = Notifier(Settings(every=10))
    notifier.hear([came()])
    assert notifier.due(100.0, NOW) == "Ana answers you in “Tea”: hello"
    assert notifier.wait(100.0) is None
    notifier.hear([came(who="Ben")])
    notifier.hear([came(who="Cy"), came(who="Dee"), came(who="Ben")])
    assert notifier.due(105.0, NOW) == ""
    assert notifier.wait(105.0) == 5.0
    assert notifier.due(110.0, NOW) == "4 for you, from Ben, Cy and 1 more"
    assert notifier.due(300.0, NOW) == ""


def test_in_quiet_hours_nothing_is_told_then_or_later() -> None:
    here = NOW.astimezone()
    quiet = Settings(quiet=((here - timedelta(hours=1)).time(), (here + timedelta(hours=1)).time()))
    notifier = Notifier(quiet)
    assert notifier.hear([came()])  # the banner is told all the same
    assert notifier.due(0.0, NOW) == ""
    assert notifier.wait(0.0) is None
    notifier.hear([came()])
    assert notifier.due(1.0, NOW + timedelta(hours=2)) != ""


def test_only_for_chosen_reasons_and_not_for_what_is_on_the_screen() -> None:
    notifier = Notifier(Settings(reasons=frozenset({Reason.MENTION})))
    assert notifier.hear([came()]) == []
    assert notifier.hear([came(reason=Reason.MENTION, thread="here")], lambda thread: thread == "here") == []
    assert len(notifier.hear([came(reason=Reason.MENTION)], lambda thread: thread == "here")) == 1


# -- the configuration


def parsed(*lines: str) -> tuple[Settings, list[tuple[int, str]]]:
    chosen = config.parse("\n".join(["version = 1", "[notify]", *lines]), Path("config.toml"))
    assert not chosen.problems
    made, problems = notify.settings(chosen.notify)
    return made, [(one.line, one.text) for one in problems]


def test_the_table_of_the_configuration() -> None:
    made, problems = parsed(
        'by = "osc9"', 'reasons = ["answers", "polls"]', "banner = false", "bell = true", "tmux = true",
        'quiet = "22:00-7:00"', "every = 60",
    )  # fmt: skip
    assert problems == []
    assert made == Settings(
        "osc9", frozenset({Reason.ANSWER, Reason.POLL}), False, True, True, (time(22), time(7)), 60
    )  # fmt: skip
    assert parsed('quiet = ""', "reasons = []") == (Settings(reasons=frozenset()), [])
    assert parsed() == (Settings(), [])


@pytest.mark.parametrize(
    "line",
    [
        'by = "osc"', "by = 9", 'quiet = "22-7"', 'quiet = "25:00-07:00"', 'quiet = "07:00-07:00"', 'quiet = "22:00"',
        "quiet = 22", "every = 0", "every = true", "every = 3601", "bell = 1", 'reasons = "answers"',
        'reasons = ["answer me"]', "reasons = [1]", 'bel = true',
    ],
)  # fmt: skip
def test_slips_are_told_with_their_line_and_the_default_counts(line: str) -> None:
    made, problems = parsed("", line)
    assert made == Settings()
    assert [number for number, _ in problems] == [4]


def test_told_in_words_what_will_be_used() -> None:
    chosen = Settings(quiet=(time(0), time(23, 59)), bell=True)
    lines = notify.told(chosen, way(chosen, {"TERM": "xterm-kitty"}), NOW)
    assert lines[0] == "Notifications: OSC 99 (kitty shows them)."
    assert "the bell" in lines[1]
    assert "00:00 to 23:59, now as well" in lines[3]
