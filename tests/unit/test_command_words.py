"""What the command line offers to choose from is what the mirror, the archive and the wire know."""

from __future__ import annotations

from typing import get_args

import pytest

from jamserver import wire
from jamtui import actions, archive
from jamtui.commands import command, parser
from jamtui.errors import UsageError
from jamtui.store import rows


def test_choices_are_those_of_the_mirror_the_archive_and_the_wire() -> None:
    assert command.SORTS == actions.SORTS == tuple(rows.SORTS)
    assert command.KINDS == archive.KINDS == get_args(wire.Kind)
    assert command.IDEA_STATES == archive.IDEA_STATES == get_args(wire.State)
    assert tuple(one.replace("-", "_") for one in command.LINKS) == archive.LINKS == get_args(wire.LinkKind)


@pytest.mark.parametrize("words", ["threads", "hot", "unanswered", "featured", "search tea", "people ana"])
@pytest.mark.parametrize("limit", ["0", "-1", "some"])
def test_a_limit_is_a_number_from_1(words: str, limit: str) -> None:
    name = words.split()[0]
    with pytest.raises(UsageError):
        parser.build(name).parse_args([*words.split(), f"--limit={limit}"])
    assert parser.build(name).parse_args([*words.split(), "--limit=1"]).limit == 1
