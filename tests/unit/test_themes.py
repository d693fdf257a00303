"""What people can read: contrast in each of our themes, computed as WCAG 2 does."""

from __future__ import annotations

import itertools

import pytest
from textual.color import Color
from textual.theme import Theme

from jamtui import themes
from widgets.colours import AUTHOR_HUES, author_colours, contrast

GROUNDS = ("block-cursor-background", "block-cursor-blurred-background")


@pytest.mark.parametrize(
    ("theme", "least"), [(themes.DARK, 4.5), (themes.LIGHT, 4.5), (themes.HIGH_CONTRAST, 7.0)], ids=lambda one: str(one)
)
def test_every_text_can_be_read_on_every_ground(theme: Theme, least: float) -> None:
    inks = {name: getattr(theme, name) for name in ("foreground", "primary", "secondary", "accent", "success")}
    inks |= {name: getattr(theme, name) for name in ("warning", "error")}
    inks |= {name: theme.variables[name] for name in ("text-muted", "text-disabled")}
    grounds = {name: getattr(theme, name) for name in ("background", "surface", "panel")}
    grounds |= {name: theme.variables[name] for name in GROUNDS}
    poor = {
        (ink, ground): round(ratio, 2)
        for ink, ground in itertools.product(inks, grounds)
        if (ratio := contrast(Color.parse(inks[ink]), Color.parse(grounds[ground]))) < least
    }
    assert poor == {}
    assert contrast(Color.parse("#777777"), Color.parse("#ffffff")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", ["jam-dark", "jam-light", "jam-high-contrast", "nord", "solarized-light", "dracula"])
def test_authors_can_be_read_and_told_apart(name: str) -> None:
    from textual.theme import BUILTIN_THEMES

    theme = {one.name: one for one in themes.OWN}.get(name) or BUILTIN_THEMES[name]
    ground = Color.parse(theme.background or "#121212")
    colours = author_colours(ground)
    assert len(set(colours)) == AUTHOR_HUES
    assert min(contrast(color, ground) for color in colours) >= 4.5


def test_the_ansi_theme_has_no_colour_of_its_own() -> None:
    theme = themes.ANSI
    assert all(value.startswith("ansi_") for value in theme.variables.values() if value not in ("bold", "reverse"))
    assert theme.ansi
