"""config.toml: a slip is told with its line and what is allowed, and keeps nobody from starting."""

from __future__ import annotations

from pathlib import Path

import pytest

from jamtui.config import Config, ConfigError, load
from jamtui.paths import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.from_env({"JAMTUI_HOME": str(tmp_path)})


def write(home: Home, text: str) -> None:
    home.config_file.write_bytes(text.encode())


def test_no_file_is_the_defaults(home: Home) -> None:
    assert load(home) == Config()
    assert not home.config_file.exists()


def test_every_setting(home: Home) -> None:
    write(home, 'theme = "light"\nmouse = false\neditor = "vim -f"\ntimestamps = "absolute"\n')
    assert load(home) == Config("light", False, "vim -f", "absolute")


def test_slips_are_told_and_the_rest_counts(home: Home) -> None:
    lines = ["\ufeff# mine", 'thme = "dark"', 'theme = "drak"', "mouse = 1", 'editor = ["vi"]', '"\\u001b" = 1']
    text = "\r\n".join([*lines, 'timestamps = "absolute"', "[keys]", "x = 1"])
    write(home, text)
    found = load(home)
    assert (found.theme, found.mouse, found.editor, found.timestamps) == ("auto", True, "", "absolute")
    path = home.config_file
    assert found.warnings == (
        f"{path}, line 2: there is no setting 'thme'; did you mean theme?",
        (
            f'{path}, line 3: theme must be "auto" or "dark" or "light" or "high-contrast" or "ansi"'
            ' (did you mean "dark"?); "auto" is used'
        ),
        f"{path}, line 4: mouse must be true or false; true is used",
        f'{path}, line 5: editor must be text in quotes; "" is used',
        f"{path}, line 1: there is no setting '\\x1b'; there are: ascii, editor, mouse, plain, theme, timestamps",
        f"{path}, line 8: there is no setting 'keys'; there are: ascii, editor, mouse, plain, theme, timestamps",
    )
    assert home.config_file.read_bytes() == text.encode()  # nothing is written


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
