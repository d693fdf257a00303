"""Textual keeps the styles of a screen for the whole program once it was shown: each file may style only its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import screens
import widgets

FOLDERS = [Path(one.__file__).parent for one in (screens, widgets) if one.__file__]
SHARED = {"dialog.tcss", "jam.tcss"}  # what all dialogs have in common; the main screen, which is always there
FILES = sorted(file for folder in FOLDERS for file in folder.glob("*.tcss") if file.name not in SHARED)


def strays(style: str, own: frozenset[str]) -> list[str]:
    """Selectors that name neither an id nor a class of ``own``."""
    rules = re.findall(r"([^{}]+)\{", re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL))
    selectors = [one.strip() for rule in rules for one in rule.split(",")]
    return [one for one in selectors if "#" not in one and not own & set(re.findall(r"(?<![.#\w-])[A-Z]\w*", one))]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_styles_its_own(file: Path) -> None:
    own = frozenset(re.findall(r"^class (\w+)", file.with_suffix(".py").read_text("utf-8"), re.MULTILINE))
    assert own
    assert strays(file.read_text("utf-8"), own) == []


def test_what_would_style_others_is_found() -> None:
    style = (
        ".-narrow .dialog .buttons { margin: 0; }\nMine .dialog, .-short .question { height: 1; }\n#mine { height: 1; }"
    )
    assert strays(style, frozenset({"Mine"})) == [".-narrow .dialog .buttons", ".-short .question"]
