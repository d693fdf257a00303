"""[keys] of the configuration: what people write is understood, and what cannot be is told and changes nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jamtui.actions import ACTIONS, Where
from jamtui.config import Problem, parse
from jamtui.keymap import doubles, key, keymap
from jamtui.keys import AS_DELIVERED, Keymap, grouped, hints


def made(*lines: str) -> tuple[Keymap, list[Problem]]:
    """The keymap of a [keys] table with these lines; the first of them is line 2 of the file."""
    return keymap(parse("\n".join(["[keys]", *lines]), Path("config.toml")).keys)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("j", "j"), ("G", "G"), ("shift+g", "G"), ("é", "é"), ("日", "日"), ("?", "question_mark"),
        ("]", "right_square_bracket"), ("-", "minus"), ("+", "plus"), (" ", "space"), ("Space", "space"),
        ("ctrl+s", "ctrl+s"), ("Ctrl-S", "ctrl+s"), ("^s", "ctrl+s"), ("C-s", "ctrl+s"), ("control+S", "ctrl+s"),
        ("ctrl+]", "ctrl+right_square_bracket"), ("F5", "f5"), ("PgDn", "pagedown"), ("page up", "pageup"),
        ("Esc", "escape"), ("Return", "enter"), ("Shift-Tab", "shift+tab"), ("↓", "down"),
        ("Ctrl-Shift-Left", "ctrl+shift+left"), ("shift-ctrl-left", "ctrl+shift+left"),
        ("Ctrl-PgDn", "ctrl+pagedown"), ("full_stop", "full_stop"), (".", "full_stop"),
    ],
)  # fmt: skip
def test_keys_as_people_write_them(written: str, meant: str) -> None:
    assert key(written) == meant


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("ctrl+shift+a", "a terminal cannot send 'ctrl+shift+a'"),
        ("ctrl+1", "cannot send"),
        ("alt+x", "cannot send"),
        ("ctrl+-", "cannot send"),
        ("ctrl+i", "the same for 'ctrl+i' and 'tab'"),
        ("Ctrl-M", "the same for 'Ctrl-M' and 'enter'"),
        ("cmd+k", "does not reach"),
        ("ctrl+c", "copies"),
        ("spcae", "did you mean 'space'?"),
        ("xy", "no key is called 'xy'"),
        ("", "no key is called ''"),
        ("ctrl+", "no key is called"),
        ("\x1b", "no key is called"),
    ],
)
def test_what_is_no_key_is_told(written: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        key(written)


def test_every_key_of_the_table_is_understood_as_it_is_shown() -> None:
    for action in ACTIONS:
        for one, shown in zip(
            action.keys, AS_DELIVERED.shown(action.id).split(", ") if action.keys else (), strict=True
        ):
            assert key(one) == one
            assert key(shown) == one


def test_the_table_itself_has_no_clash() -> None:
    assert doubles() == []


def test_a_key_a_list_and_none() -> None:
    keys, problems = made('reply = "f4"', 'down = ["j", "ctrl+n", "j"]', "save = []", 'discard = "W"')
    assert problems == []
    assert keys.of("reply") == ("f4",)
    assert keys.of("down") == ("j", "ctrl+n")
    assert (keys.of("save"), keys.shown("save"), keys.name("save")) == ((), "", ":save")
    assert keys.of("discard") == ("W",)
    assert keys.of("up") == ("k", "up")


def test_two_actions_may_change_places() -> None:
    keys, problems = made('down = "k"', 'up = "j"')
    assert problems == []
    assert (keys.of("down"), keys.of("up")) == (("k",), ("j",))


@pytest.mark.parametrize(
    ("lines", "line", "words"),
    [
        (['reply = "j"'], 2, "reply: 'j' does down already; give down another key, too; r stays"),
        (['reply = "W"', 'edit = "W"'], 3, "edit: 'W' does reply already; e stays"),
        (['send = "ctrl+q"'], 2, "'Ctrl-Q' does quit already"),  # anywhere is here, too
        (['rely = "W"'], 2, "there is no action 'rely'; did you mean reply?"),
        (['read_on = "W"'], 2, "did you mean read-on?"),
        (['zzzzzz = "W"'], 2, "names them all"),
        (['reply = "ctrl+shift+r"'], 2, "reply: a terminal cannot send 'ctrl+shift+r'; r stays"),
        (["reply = 5"], 2, "must be a key in quotes"),
        (["reply = [1]"], 2, "must be a key in quotes"),
        (["", "quit = []"], 3, "quit must keep a key; Ctrl-Q stays"),
        (["help = []"], 2, "help must keep a key; ? stays"),
        (['send = "s"'], 2, "is needed for typing"),
        (['send = "enter"'], 2, "is needed for typing"),
        (['send = "ctrl+d"'], 2, "is needed for typing"),  # the text takes it before the composer is asked
        (['palette = ":"'], 2, "is needed for typing"),
        (['forum = "j"'], 2, "it stays without a key"),
    ],
)
def test_slips_are_told_with_their_line_and_change_nothing(lines: list[str], line: int, words: str) -> None:
    keys, problems = made(*lines)
    assert [problem.line for problem in problems] == [line]
    assert words in problems[0].text
    lost = problems[0].setting.removeprefix("keys.")
    assert lost not in keys.changed


def test_a_slip_may_cost_another_its_key() -> None:
    """down cannot have what it asks for and keeps j, so up cannot have it: both are told."""
    keys, problems = made('down = "ctrl+shift+x"', 'up = "j"')
    assert [problem.setting for problem in problems] == ["keys.down", "keys.up"]
    assert keys == AS_DELIVERED


def test_the_same_key_may_do_other_things_elsewhere() -> None:
    keys, problems = made('retry = "d"', 'toggle-read = "d"')  # the outbox, the Jam
    assert problems == []
    assert keys.of("retry") == keys.of("toggle-read") == ("d",)


def test_hints_and_help_follow() -> None:
    keys, _ = made('reply = "f4"', "vote = []")
    assert ("F4", "reply") in hints(Where.JAM, keymap=keys)
    assert "vote" not in {label for _, label in hints(Where.JAM, keymap=keys)}
    found = {action.id for _, actions in grouped("ctrl-y", made('reply = "ctrl+y"')[0]) for action in actions}
    assert found == {"reply", "unanswered"}  # whose help names the key that answers
