"""config.toml: a slip is told with its line and what is allowed, and keeps nobody from starting."""

from __future__ import annotations

from pathlib import Path

import pytest

from jamtui.config import Config, ConfigError, Entry, load, settings
from jamtui.paths import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.from_env({"JAMTUI_HOME": str(tmp_path)})


def write(home: Home, text: str) -> None:
    home.config_file.write_bytes(text.encode())


def test_no_file_is_the_defaults(home: Home) -> None:
    assert load(home) == Config(path=home.config_file)
    assert not home.config_file.exists()


def test_every_setting(home: Home) -> None:
    write(home, 'version = 1\ntheme = "light"\nmouse = false\neditor = "vim -f"\ntimestamps = "absolute"\n')
    wanted = Config(theme="light", mouse=False, editor="vim -f", timestamps="absolute", path=home.config_file)
    assert load(home) == wanted


def test_slips_are_told_and_the_rest_counts(home: Home) -> None:
    lines = ["\ufeff# mine", 'thme = "dark"', 'theme = "drak"', "mouse = 1", 'editor = ["vi"]', '"\\u001b" = 1']
    text = "\r\n".join([*lines, 'timestamps = "absolute"', "keys = 3", "[colours]", "x = 1"])
    write(home, text)
    found = load(home)
    assert (found.theme, found.mouse, found.editor, found.timestamps) == ("auto", True, "", "absolute")
    path = home.config_file
    there = ", ".join(sorted(one.name for one in settings()))
    assert found.warnings == (
        f"{path}, line 2: there is no setting 'thme'; did you mean theme?",
        (
            f'{path}, line 3: theme must be "auto" or "dark" or "light" or "high-contrast" or "ansi"'
            ' (did you mean "dark"?); "auto" is used'
        ),
        f"{path}, line 4: mouse must be true or false; true is used",
        f'{path}, line 5: editor must be text in quotes; "" is used',
        f"{path}, line 1: there is no setting '\\x1b'; there are: {there}",
        f"{path}, line 8: keys must be a table, below a line [keys]; none of it counts",
        f"{path}, line 9: there is no setting 'colours'; there are: {there}",
    )
    assert home.config_file.read_bytes() == text.encode()  # nothing is written


@pytest.mark.parametrize(
    "text",
    [
        '\n[keys]\n# reply = "x"\nreply = "R"\n',
        '\n\n\nkeys.reply = "R"\n',
        '\n\n[ keys ]\n"reply" = "R"\n',
        'mouse = true # [keys]\n\n[keys]\n  reply="R"\n',
    ],
)
def test_entries_of_a_table_know_their_line(home: Home, text: str) -> None:
    write(home, text)
    assert load(home).keys == (Entry("reply", "R", 4),)


def test_a_later_version_is_read_as_far_as_known(home: Home) -> None:
    write(home, 'version = 7\ntheme = "light"\nshape = "round"\n')
    found = load(home)
    assert found.theme == "light"
    assert "for a later jamtui (version 7" in found.warnings[0]
    assert "line 1" in found.warnings[0]
    assert "shape" in found.warnings[1]


def test_warnings_is_no_setting(home: Home) -> None:
    write(home, 'warnings = ["x"]')
    assert load(home).warnings[0].startswith(f"{home.config_file}, line 1: there is no setting 'warnings'")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"theme = \n", "at line 1, column 9"),
        (b'mouse = true\nmouse = false\n', "at line 2"),
        (b"a=1\nb='\xff'\n", "line 2: not UTF-8"),
        (b"a = " + b"[" * 100_000, "not valid TOML"),
        (b"#" * ((1 << 20) + 1), "1,048,576"),
    ],
)  # fmt: skip
def test_what_is_no_toml_names_file_and_place(home: Home, data: bytes, words: str) -> None:
    home.config_file.write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        load(home)
    assert words in caught.value.title
    assert str(home.config_file) in caught.value.title
    assert caught.value.hint


def test_a_folder_in_its_place(home: Home) -> None:
    home.config_file.mkdir()
    with pytest.raises(ConfigError, match="directory"):
        load(home)
