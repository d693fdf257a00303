"""Plain mode on a real terminal: the cursor stands on what is current, little is written, nothing is left behind."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jamtui.safe_text import has_controls
from jamtui.sync.holder import Holder

DATA = Path(__file__).parents[1] / "data"
REAL = DATA / "real-jam" / "open-conversations.jsonl"
HOSTILE = json.loads((DATA / "hostile" / "corpus.json").read_text("utf-8"))
# All that plain mode may write beside text: cursor up, cursor down, end of the row.
OURS = re.compile(r"\x1b\[\d+[AB]|\x1b\[K|\x1b\[\?7[lh]")


def current(one: Any) -> str:
    """The row of the screen on which the cursor stands; it stands at its first column."""
    with one._told:
        assert one._screen.cursor.x == 0
        return str(one._screen.display[one._screen.cursor.y]).rstrip()


def test_the_demo_is_read_answered_and_left(terminal: Callable[..., Any]) -> None:
    demo = terminal("demo", "--seed", "1", "--plain", size=(150, 40))
    demo.wait_for("Forum 1 of")
    assert "Offline" not in demo.screen()  # nothing was tried yet when it began
    demo.press("enter")
    demo.wait_for("Thread 1 of")
    demo.press("enter")
    demo.wait_for("opening post")
    demo.press("j")
    demo.wait_for("level 1")
    demo.press("r")
    demo.wait_for("Write.")
    demo.press(*"typed in lines", "enter", ".", "enter")
    demo.wait_for("On its way")
    demo.wait_for("Demo Participant, you, reply to")
    demo.wait(lambda screen: "Sent: post." in screen, "the news, told by itself")
    demo.press("q", "q", "q")
    assert demo.wait_end() == 0
    assert demo.modes_left_on() == set()
    assert demo.line_settings() == demo.before
    assert not has_controls(OURS.sub("", demo.output.decode()).replace("\r", "").replace("\b", ""))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_keeps_the_draft_and_gives_the_terminal_back(
    terminal: Callable[..., Any], number: signal.Signals
) -> None:
    demo = terminal("demo", "--seed", "1", "--plain", "--freeze", "2011-02-09T14:00:00Z")
    demo.wait_for("Forum 1 of")
    demo.press("c")
    demo.wait_for("Title:")
    demo.press(*"half a")
    demo.wait_for("half a")
    demo.send_signal(number)
    assert demo.wait_end() == 128 + number
    assert demo.line_settings() == demo.before


def test_the_cursor_stands_on_the_row_and_a_key_writes_only_it(
    terminal: Callable[..., Any], figure: Callable[[str], None]
) -> None:
    one = terminal("open", str(REAL), "--plain", size=(80, 24))
    one.wait_for("Forum 1 of")
    assert current(one).startswith("A 15 dollar minimum wage")
    one.press("enter")
    one.wait_for("Thread 1 of")
    begin, keys = len(one.output), 25
    for number in range(2, keys + 2):
        one.press("j")
        shown = f"Thread {number} of 31."
        one.wait(lambda screen, shown=shown: shown in " ".join(screen.split()), shown)
        with one._told:
            at = one._screen.cursor.y
            row = " ".join(line.strip() for line in one._screen.display[at:]).strip()
        assert row.endswith(f"Thread {number} of 31."), row  # from the cursor on, the row and nothing else
    written = one.output[begin:].decode()
    for number in range(2, keys + 2):
        assert " ".join(written.split()).count(f"Thread {number} of") == 1
    rows = [row for row in OURS.sub("", written).replace("\r", "").split("\n") if row]
    text = sum(len(row.encode()) for row in rows)
    moves = len(written.encode()) - text
    figure(f"plain mode: {len(written.encode()) / keys:.0f} bytes a key, {moves / keys:.1f} of them moves")
    assert moves <= keys * 20
    assert text <= keys * 4 * 80


def test_long_posts_come_in_pages_with_the_cursor_at_the_begin(terminal: Callable[..., Any], tmp_path: Path) -> None:
    file = archive(tmp_path, ["Begin " + "many words " * 400 + "finish"])
    one = terminal("open", str(file), "--plain", size=(60, 12))
    one.wait_for("Forum 1 of")
    one.press("enter", "enter")
    one.wait_for("More:")
    assert current(one).startswith("T10 Begin many words")
    for _ in range(20):
        one.press(" ")
    one.wait_for("All read.")
    assert one.output.decode().count("finish") == 1


def test_the_keys_of_the_configuration_work_and_are_named(terminal: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "jamtui").mkdir(mode=0o700)
    config = tmp_path / "jamtui" / "config.toml"
    config.touch(mode=0o600)
    config.write_text('version = 1\n[keys]\nnext = "F9"\nhelp = "F1"\nopen = "Ctrl-Right"\n')
    one = terminal("open", str(REAL), "--plain", size=(80, 24))
    one.wait_for("F1 tells")
    one.wait_for("Forum 1 of")
    one.press("n")
    one.wait_for("n does nothing here. F1 tells")
    one.press("\x1b[20~")  # F9
    one.wait_for("Forum 2 of")
    one.press("\x1b[1;5C")
    one.wait_for("119 threads, 119 unread")
    one.press("\x1bOP")
    one.wait_for("Help about")


def test_resizing_writes_nothing_and_the_next_line_has_the_new_width(terminal: Callable[..., Any]) -> None:
    one = terminal("open", str(REAL), "--plain", size=(80, 24))
    one.wait_for("Forum 1 of")
    before = one.output
    one.resize(40, 10)
    one.press("j")
    one.wait_for("Forum 2 of")
    written = one.output[len(before) :].decode()
    assert "Forum 1" not in written
    assert max(map(len, OURS.sub("", written).replace("\r", "").split("\n"))) < 40
    one.press("q")
    assert one.wait_end() == 0


def test_the_welcome_is_words_and_signs_in_nowhere_by_itself(terminal: Callable[..., Any]) -> None:
    welcome = terminal("--plain", size=(80, 24))
    welcome.wait_for("t: try the demo")
    welcome.press("s")
    welcome.wait_for("Address of the Jam:")
    welcome.press(*"http://127.0.0.1:9", "enter")
    welcome.wait(lambda screen: screen.count("t: try the demo") == 2, "back at the doors, told why")
    welcome.press("t")
    welcome.wait_for("Forum 1 of")
    welcome.press("ctrl+c")
    welcome.wait_for("Ctrl-Q leaves at once")
    welcome.press("\x11")
    assert welcome.wait_end() == 0


def test_stopped_and_brought_back_it_tells_where_one_is(terminal: Callable[..., Any]) -> None:
    one = terminal("open", str(REAL), "--plain", size=(80, 24))
    one.wait_for("Forum 1 of")
    raw = one.line_settings()
    one.press("j")
    one.wait_for("Forum 2 of")
    # Orphaned process groups cannot be stopped by the terminal: SIGCONT alone is what a shell's fg ends with.
    one.send_signal(signal.SIGCONT)
    one.wait(lambda screen: screen.count("Forum 2 of") == 2, "told again")
    assert one.line_settings() == raw
    one.press("q")
    assert one.wait_end() == 0


@pytest.mark.parametrize("term", ["xterm-256color", "dumb"])  # keys, and lines as in a shell inside of an editor
def test_who_is_stopped_holds_up_nobody(
    terminal: Callable[..., Any], server: str, tmp_path: Path, term: str, figure: Callable[[str], None]
) -> None:
    """Stopped by Ctrl-Z in a shell, it has given the network back; brought back by `fg`, it takes it again."""
    assert terminal("login", server, "--guest").wait_end() == 0
    (entry,) = tmp_path.rglob("jam.json")
    holder = Holder(entry.with_name("network.lock"))
    one = terminal(shell=True, size=(100, 60), TERM=term)

    mark = 0

    def typed(line: str, until: str) -> None:
        nonlocal mark
        one.press(*line)
        one.wait(lambda _: until.encode() in one.output[mark:], until)
        mark = len(one.output)

    def waited(held: bool) -> None:
        for _ in range(6_000):
            if holder.held() is held:
                return
            time.sleep(0.01)
        raise AssertionError(f"held: {not held}")

    typed("", "ready>")
    typed("$PYTHON -m jamtui --plain\r", "Forum 1 of")
    for _ in range(2):
        waited(True)
        typed("\x1a", "Stopped")
        assert not holder.held()
        typed("fg\r", "plain\r\n")
    waited(True)
    typed("q\r", "ready>")
    assert not holder.held()
    figure(f"promise 9: plain mode on a {term} terminal, stopped twice: 0 times with the network held")


def archive(folder: Path, bodies: list[str], name: str = "Somebody") -> Path:
    """A Jam of one forum with a thread for each body; ``name`` is the author of all."""

    def uid(number: int) -> str:
        return f"00000000-0000-4000-8000-{number:012x}"

    times = {"opens_at": "2026-01-01T00:00:00Z", "closes_at": "2026-01-02T00:00:00Z"}
    rows: list[tuple[str, dict[str, Any]]] = [
        ("jam", {"format": 1, "id": uid(1), "slug": "j", "title": "Jam", "summary": "", **times}),
        ("person", {"id": uid(2), "handle": "some", "name": name, "role": "participant"}),
        ("forum", {"id": uid(3), "slug": "f", "title": "Forum", "brief": bodies[-1], "position": 0, "host_ids": []}),
    ]
    for number, body in enumerate(bodies, 10):
        post = {"id": uid(number), "forum_id": uid(3), "thread_id": uid(number), "parent_id": None}
        rows.append(
            (
                "post",
                {
                    **post, "author_id": uid(2), "title": f"T{number} {body[:60]}", "body": body,
                    "created_at": "2026-01-01T10:00:00Z", "tags": [body[:20] or "x"], "votes": {"up": 1},
                },
            )
        )  # fmt: skip
    file = folder / "made.jsonl"
    file.write_text("\n".join(json.dumps({"type": kind, "data": data}) for kind, data in rows) + "\n", "utf-8")
    return file


def test_nothing_of_the_hostile_corpus_reaches_the_terminal(terminal: Callable[..., Any], tmp_path: Path) -> None:
    payloads = [
        case["payload"] for case in HOSTILE if isinstance(case["payload"], str) and len(case["payload"]) < 20_000
    ]
    assert len(payloads) > 60
    one = terminal("open", str(archive(tmp_path, payloads, name=payloads[0])), "--plain", size=(80, 24))
    one.wait_for("Forum 1 of")
    one.press("enter")
    one.wait_for(f"Thread 1 of {len(payloads)}")
    for _ in range(len(payloads)):
        one.press("\x1b[6~")  # the lists, a page at a time
    one.press("g")
    for _ in range(5 * len(payloads)):
        one.press(" ")
    one.press(":")
    one.wait(lambda screen: "\n:" in screen, "the command line, after all of that")
    one.press(*"copy", "enter", "\x11")
    assert one.wait_end() == 0
    written = OURS.sub("", one.output.decode("utf-8", "strict")).replace("\r\n", "\n").replace("\r", "")
    written = re.sub(r"\x1b\]52;c;[A-Za-z0-9+/=]*\x07", "", written)
    assert "All read." in written
    assert not has_controls(written)


def test_no_row_goes_on_in_the_next_where_a_terminal_draws_signs_wider(
    terminal: Callable[..., Any], tmp_path: Path
) -> None:
    """A skin tone by itself: what stands behind would begin in the next row, as if it were a row of ours."""
    signs, time = "\U0001f44d\U0001f3fd" * 26, "2026-01-01T00:00:00Z"
    post = {"id": "p", "forum_id": "f", "thread_id": "p", "parent_id": None, "author_id": "a", "created_at": time}
    records = [
        ("jam", {"format": 1, "id": "j", "slug": "j", "title": "J", "opens_at": time, "closes_at": time}),
        ("person", {"id": "a", "handle": "eve", "name": "Eve"}),
        ("forum", {"id": "f", "slug": "f", "title": f"{signs} Forged forum", "brief": "Read", "position": 1}),
        ("post", {**post, "title": "Whole", "body": f"{signs} Forged head\n\nThe end", "tags": []}),
    ]
    file = tmp_path / "forged.jsonl"
    file.write_text("".join(json.dumps({"type": kind, "data": data}) + "\n" for kind, data in records))
    one = terminal("--plain", "open", str(file), size=(100, 30))
    one.wait_for("keys, q leaves.")
    one.press("\r")
    one.wait_for("Whole. Eve")
    one.press("\r")
    assert "Forged" not in one.wait_for("The end")
    assert b"Forged forum" in one.output
    assert b"Forged head" in one.output
    one.press("q", "q", "q")
    assert one.wait_end() == 0
    assert one.modes_left_on() == set()
