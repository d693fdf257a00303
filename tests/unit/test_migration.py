"""config.toml through versions: brought up to date with a copy kept, never broken, never in the way."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jamtui import choices, config, keymap, migration, notify
from jamtui.actions import ACTIONS
from jamtui.paths import Home

NOW = datetime(2011, 2, 9, 14, tzinfo=UTC)
PAGE = Path(__file__).parents[2] / "docs" / "config.md"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.from_env({"JAMTUI_HOME": str(tmp_path)})


def test_a_file_without_a_version_is_brought_up_to_date(home: Home) -> None:
    before = '# mine\r\ntheme = "light"  # bright\r\n'
    home.config_file.write_bytes(before.encode())
    told = migration.migrate(home, NOW)
    backup = home.config / "config.toml.bak-2011-02-09"
    assert told == [f"{home.config_file}: version = 1 was added", f"the file as it was is {backup}"]
    assert backup.read_bytes() == before.encode()
    assert home.config_file.read_text() == 'version = 1\n# mine\ntheme = "light"  # bright\n'
    assert config.load(home) == config.Config(theme="light", path=home.config_file)
    assert {path.stat().st_mode & 0o777 for path in (backup, home.config_file)} == {0o600}
    assert migration.migrate(home, NOW) == []


def test_a_copy_is_never_overwritten(home: Home) -> None:
    first = home.config / "config.toml.bak-2011-02-09"
    first.write_text("precious")
    home.config_file.write_text("mouse = false\n")
    assert migration.migrate(home, NOW)[-1].endswith("config.toml.bak-2011-02-09.2")
    assert first.read_text() == "precious"


@pytest.mark.parametrize("text", ["", "version = 1\n", "version = 9\n", 'version = "x"\n', "version = 0\n"])
def test_what_is_not_older_is_left_alone(home: Home, text: str) -> None:
    home.config_file.write_text(text)
    assert migration.migrate(home, NOW) == []
    assert home.config_file.read_text() == text
    config.load(home)


def test_no_file_is_none_afterwards(home: Home) -> None:
    assert migration.migrate(home, NOW) == []
    assert not home.config_file.exists()


def test_a_link_into_a_managed_folder_is_read_as_it_is(home: Home, tmp_path: Path) -> None:
    managed = tmp_path / "dotfiles.toml"
    managed.write_text("mouse = false\n")
    home.config_file.symlink_to(managed)
    told = migration.migrate(home, NOW)
    assert len(told) == 1
    assert "could not be brought up to date" in told[0]
    assert managed.read_text() == "mouse = false\n"
    assert config.load(home).mouse is False


def test_the_template_says_what_holds_anyway() -> None:
    """As it is, and with every comment in force: the same, and nothing in it is wrong."""
    text = migration.template()
    live = re.sub(r"(?m)^# (?=[a-z_-]+ = )", "", text)
    for one in (text, live):
        chosen = config.parse(one, Path("config.toml"))
        assert chosen.problems == ()
        assert chosen == config.Config(keys=chosen.keys, notify=chosen.notify)
        assert notify.settings(chosen.notify) == (notify.Settings(), [])
        assert keymap.keymap(chosen.keys) == (keymap.Keymap(), [])
    assert {entry.name for entry in config.parse(live, Path("config.toml")).notify} == set(notify.ALLOWED)
    names = {entry.name for entry in config.parse(live, Path("config.toml")).keys}
    assert names == {action.id for action in ACTIONS}


def test_the_page_names_every_setting_with_its_default() -> None:
    page = PAGE.read_text(encoding="utf-8")
    rows = dict(re.findall(r"(?m)^\| `([a-z_]+)` \|.*?\| `(.*?)` \|[^|]*\|$", page))
    defaults = {one.name: one.default for one in config.settings() if one.kind != tuple[config.Entry, ...]}
    assert rows == {name: config._toml(value) for name, value in defaults.items()}
    assert "## Keys" in page
    assert "## A token from a command" in page


def test_the_theme_chosen_last_is_kept(home: Home) -> None:
    assert choices.load(home).theme == ""
    choices.keep_theme(home, "jam-light")
    assert choices.load(home).theme == "jam-light"
    assert not home.config_file.exists()
    file = home.state / "choices.json"
    assert (file.stat().st_mode & 0o777, home.state.stat().st_mode & 0o777) == (0o600, 0o700)
    for broken in ("{", "[]", '{"theme": 5}', "\xff"):
        file.write_bytes(broken.encode("latin-1"))
        assert choices.load(home) == choices.Choices()
