"""What has to be said in several places, since their rooms may not import each other, is said the same in all."""

from __future__ import annotations

from typing import get_args, get_type_hints

import pytest

from jamserver import moderation, wire
from jamtui import actions, archive, mod_rows, profiles
from jamtui.commands import command, moderating_words, parser
from jamtui.errors import UsageError
from jamtui.plain import self_service as plain
from jamtui.store import moderation as store
from jamtui.store import rows
from screens import profile as screen


def test_choices_are_those_of_the_mirror_the_archive_and_the_wire() -> None:
    assert command.SORTS == actions.SORTS == tuple(rows.SORTS)
    assert command.KINDS == archive.KINDS == get_args(wire.Kind)
    assert command.IDEA_STATES == archive.IDEA_STATES == get_args(wire.State)
    assert tuple(one.replace("-", "_") for one in command.LINKS) == archive.LINKS == get_args(wire.LinkKind)


def test_acts_and_reasons_of_moderation_are_those_of_the_wire() -> None:
    acts = get_args(get_type_hints(wire.NewAct)["act"])
    assert acts == moderating_words._ACTS == (*mod_rows.KEYS, "undo")
    of_posts = set(acts) - {"undo"}
    assert set(mod_rows.CALLED) == set(mod_rows.HAPPENS) == of_posts
    assert mod_rows.OF_RECORDS == moderation.OF_RECORDS
    assert set(store._YOURS) == of_posts | set(mod_rows.OF_RECORDS)
    assert {*acts, *mod_rows.NO_ACTS} == set(mod_rows.DONE)
    assert mod_rows.NEED_REASON == moderation._NEED_REASON
    assert mod_rows.ON_PEOPLE == moderation._ON_PEOPLE
    assert mod_rows.OF_HOSTS == moderation.OF_HOSTS
    assert get_args(get_type_hints(wire.NewReport)["reason"]) == tuple(mod_rows.REASONS)


def test_which_acts_are_on_the_same_thing_is_the_same_for_the_server_and_for_what_offers_to_undo_them() -> None:
    things: dict[str, list[str]] = {}
    for act, thing in store._THING.items():
        things.setdefault(thing, []).append(act)
    assert sorted(map(sorted, things.values())) == sorted(map(sorted, moderation._OF_ONE_THING))


def test_fields_of_a_profile_are_asked_for_wherever_one_changes_it() -> None:
    assert wire.ProfileEdit.__struct_fields__ == profiles.FIELDS
    assert tuple(screen._LABELS) == tuple(plain._ASKED) == tuple(profiles._NOTHING) == profiles.FIELDS
    assert set(profiles.FIELDS) <= set(archive.Person.__struct_fields__)


# Actions that need a screen: where one is on it, how it looks, what is typed.
ON_SCREEN = {
    "read-on", "read-back", "next", "previous", "next-thread", "previous-thread", "next-forum", "previous-forum",
    "undo", "copy", "copy-address", "link", "forum", "sort-by", "sort", "filter", "filter-clear", "search-complete",
    "search-order", "search-older", "search-newer", "put-away", "brief-fold", "command", "reconnect", "palette",
    "theme", "suspend", "quit", "help", "hosts", "messages",
}  # fmt: skip
# Those whose command is called otherwise.
CALLED = {
    "toggle-read": "mark-read", "all-read": "mark-read", "new-thread": "post", "quote": "reply", "discard": "drafts",
    "connections": "show", "live": "watch", "mentions": "inbox", "person": "people", "where-from": "people",
    "my-data": "mydata", "brief-history": "brief", "delete-account": "mydata",
    "sign-in": "login",
    "retry": "outbox", "reopen": "outbox", "drop": "outbox",
}  # fmt: skip


def test_what_screens_do_commands_do_too() -> None:
    """As the README says; an action that is new here needs its command, or belongs to the screen."""
    known = set(parser.COMMANDS)
    acts = {one.id for one in actions.ACTIONS if one.group is not actions.Group.MOVE and actions.Where.JAM in one.where}
    acts |= {one.id for one in actions.ACTIONS if actions.Where.OUTBOX in one.where} - {
        one.id for one in actions.ACTIONS if one.group is actions.Group.MOVE
    }
    assert {act for act in acts - ON_SCREEN if CALLED.get(act, act) not in known} == set()


def test_each_command_that_is_no_action_is_told_as_that_on_the_line() -> None:
    assert set(actions.SHELL) == set(parser.COMMANDS) - set(actions.BY_ID)
    assert {here for here in actions.SHELL.values() if here} <= set(actions.BY_ID)


@pytest.mark.parametrize("words", ["threads", "hot", "unanswered", "featured", "search tea", "people ana"])
@pytest.mark.parametrize("limit", ["0", "-1", "some"])
def test_a_limit_is_a_number_from_1(words: str, limit: str) -> None:
    name = words.split()[0]
    with pytest.raises(UsageError):
        parser.build(name).parse_args([*words.split(), f"--limit={limit}"])
    assert parser.build(name).parse_args([*words.split(), "--limit=1"]).limit == 1
