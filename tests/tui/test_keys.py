"""Every key of the action table, pressed in the real app over a real mirror, wide and narrow.

`CASES` has one walk for each action in each place: it goes there, presses the key that it is given, and looks at what
a person would see. Each walk is done with every key that the action has. A test at the end holds that none is missing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from jamtui.actions import ACTIONS, BY_ID, Where, actions_of
from jamtui.model import Draft, DraftKind, SendState
from screens.dialogs import Confirm, OpenLink
from screens.help import Help
from screens.marks import MarksDialog
from screens.search import Search
from widgets.command_line import CommandLine
from widgets.composer import Composer
from widgets.tag_picker import TagPicker

WIDE, NARROW = (120, 40), (60, 16)

Case = Callable[[Any, str], Awaitable[None]]
CASES: dict[tuple[Where, str], Case] = {}


def case(action_id: str, *places: Where) -> Callable[[Case], Case]:
    def keep(walk: Case) -> Case:
        for place in places or (Where.JAM,):
            CASES[place, action_id] = walk
        return walk

    return keep


FORUM = "Building the social business"
OPENER = "Verdient sich das?"


async def to_thread(t: Any) -> None:
    """Into the first thread of the first forum, at its opener."""
    await t.press("enter", "enter")
    assert t.screen.spot.reading


async def to_outbox(t: Any, waiting: int = 1) -> list[str]:
    """So many replies wait, and the outbox is shown; the ids of its rows from the top."""
    forum = t.session.forums()[0]
    thread = t.session.threads(t.session.thread_keys(forum.id)[:1])[0]
    for number in range(waiting):
        t.session.send(Draft(DraftKind.REPLY, thread.id, body=f"waits {number}"))
    await t.press("5")
    assert "waits 0" in t.text
    return [row.id for row in t.session.outbox()]


async def to_own_post(t: Any) -> Any:
    """At the newest post of one's own that stands in the mirror."""
    mine = next(hit.post for hit in t.session.search("author:demo") if hit.post.mine and not hit.post.gone)
    await t.command(f"post {mine.id}")
    assert t.row.id == mine.id
    return mine


def index(t: Any) -> int:
    return int(t.screen.list_now.cursor_index)


# -- move


@case("down")
async def down(t: Any, key: str) -> None:
    await t.press("enter", key)
    assert index(t) == 1
    assert "If your organisation were a city" in t.title
    await t.press("enter")
    first = t.row.id
    await t.press(key)
    assert t.row.parent_id == first or t.row.thread_id == first
    assert t.row.author in t.text


@case("up")
async def up(t: Any, key: str) -> None:
    await t.press("enter", "G", key)
    assert index(t) == len(t.screen.list_now.keys) - 2
    await t.press("g", "enter", "j", key)
    assert t.row.title.startswith(OPENER)


@case("first")
async def first(t: Any, key: str) -> None:
    await t.press("enter", "j", "j", key)
    assert index(t) == 0
    await t.press("enter", "j", "j", key)
    assert OPENER in t.row.title


@case("last")
async def last(t: Any, key: str) -> None:
    await t.press("enter", key)
    assert index(t) == len(t.screen.list_now.keys) - 1
    await t.press("g", "enter", key)
    assert t.row.key == t.screen.reader.index.keys[-1]
    assert t.row.author in t.text


@case("page-down")
async def page_down(t: Any, key: str) -> None:
    await t.press("enter", key)
    assert index(t) >= t.screen.list_now.rows_per_page - 1
    await t.press("g", "enter")
    before = t.text
    await t.press(key)
    assert t.text != before
    assert t.screen.reader.place != (t.screen.reader.index.keys[0], 0)


@case("page-up")
@case("read-back")
async def page_up(t: Any, key: str) -> None:
    await t.press("enter", "G", key)
    assert index(t) < len(t.screen.list_now.keys) - 1
    await t.press("g", "enter", "pagedown", key)
    assert t.row.title.startswith(OPENER)


@case("half-page-down")
async def half_page_down(t: Any, key: str) -> None:
    await t.press("enter", key)
    rows = t.screen.list_now
    assert index(t) == rows.top_index == rows.rows_per_page // 2
    await t.press("g", "enter")
    reader, half = t.screen.reader, t.screen.reader.size.height // 2
    before = reader._lines_in_view()
    await t.press(key)
    assert reader._lines_in_view()[:-half] == before[half:]
    gone = set(reader.index.keys[: reader.index.keys.index(reader.visible_keys()[0])])
    assert set(reader.index.keys) - t.session.thread_index(t.screen.spot.thread).unread == gone  # what it moved out


@case("half-page-up")
async def half_page_up(t: Any, key: str) -> None:
    await t.press("enter", "G", key)
    assert index(t) == len(t.screen.list_now.keys) - 1 - t.screen.list_now.rows_per_page // 2
    await t.press("g", "enter")
    before = t.screen.reader._lines_in_view()
    await t.press("ctrl+d")
    unread = t.session.status().unread
    await t.press(key)
    assert t.screen.reader._lines_in_view() == before
    assert t.session.status().unread == unread


@case("open")
async def open_(t: Any, key: str) -> None:
    assert FORUM in t.text
    await t.press(key)
    assert "128 threads" in t.text
    await t.press(key)
    assert t.screen.spot.reading
    assert "Verpackungsmaschinen" in t.text
    await t.press("h")
    assert t.screen.reader._order.folded
    await t.press(key)
    assert not t.screen.reader._order.folded


@case("back")
async def back(t: Any, key: str) -> None:
    await to_thread(t)
    await t.press(key)
    assert (t.screen.spot.reading, t.screen.spot.kind) == (False, "threads")
    await t.press(key)
    assert t.screen.spot.kind == "forums"
    await t.press(key)
    assert "q leaves jamtui" in t.told
    assert t.app.is_running


@case("leave")
async def leave(t: Any, key: str) -> None:
    await to_thread(t)
    await t.press(key, key)
    assert t.screen.spot.kind == "forums"
    await t.pilot.press(key)
    await t.pilot.pause()
    assert t.app.return_value == 0  # only from the list of forums it leaves


@case("next-pane")
@case("previous-pane")
async def panes(t: Any, key: str) -> None:
    await t.press("enter", key)
    assert t.screen.spot.reading
    assert t.app.focused is t.screen.reader
    await t.press(key)
    assert not t.screen.spot.reading
    assert t.app.focused is t.screen.list_now


@case("fold")
async def fold(t: Any, key: str) -> None:
    await to_thread(t)
    assert "Lukas" in t.text or t.app.size.height < 20
    await t.press(key)
    assert "11 replies" in t.text or "11" in t.text
    assert len(t.screen.reader._order) == 1
    await t.press("l", "j", "j", key, key)  # a leaf: at last its parent
    assert t.row.key in t.screen.reader._order.folded


@case("unfold")
async def unfold(t: Any, key: str) -> None:
    await t.press("enter", key)
    assert t.screen.spot.reading
    await t.press("h")
    assert len(t.screen.reader._order) == 1
    await t.press(key)
    assert len(t.screen.reader._order) == 12


# -- read on


@case("read-on")
async def read_on(t: Any, key: str) -> None:
    before = t.session.status().unread
    threads = set()
    for _ in range(40):
        await t.press(key)
        threads.add(t.screen.spot.thread)
        if len(threads) > 3:
            break
    assert len(threads) > 3, t.text  # it flows into the threads after
    assert t.session.status().unread < before - 10
    t.session.mark_all_read()
    await t.press("1", key)
    assert "All read" in t.told


@case("next")
async def next_(t: Any, key: str) -> None:
    await t.press("enter")
    rows = t.screen.list_now
    t.session.mark_all_read(thread_id=t.session.threads(rows.keys[1:2])[0].id)
    t.screen.reload()
    await t.press(key)
    assert index(t) == 2  # the read one is passed over
    await t.press("enter")
    post = t.row.id
    await t.press(key)
    assert t.row.id != post
    assert t.row.key in t.screen.reader.index.unread


@case("previous")
async def previous(t: Any, key: str) -> None:
    await t.press("enter", "G", key)
    assert index(t) == len(t.screen.list_now.keys) - 2
    await t.press("g", key)
    assert "Nothing unread before this" in t.told


@case("next-thread")
async def next_thread(t: Any, key: str) -> None:
    await t.press("enter", key)
    assert index(t) == 1
    keys = t.screen.list_now.keys
    t.session.mark_all_read(thread_id=t.session.threads(keys[2:3])[0].id)  # it goes there all the same
    await t.press("enter", key)
    assert t.screen.spot.reading
    assert t.screen.spot.thread == t.session.threads(keys[2:3])[0].id
    assert index(t) == 2
    await t.press("escape", "G", "enter", key)
    assert "This is the last thread of the list" in t.told


@case("previous-thread")
async def previous_thread(t: Any, key: str) -> None:
    await t.press("enter", "j", "j", key, "enter", key)
    assert t.screen.spot.reading
    assert t.screen.spot.thread == t.session.threads(t.screen.list_now.keys[:1])[0].id
    await t.press(key)
    assert "This is the first thread of the list" in t.told


@case("next-forum")
async def next_forum(t: Any, key: str) -> None:
    forums = t.session.forums()
    t.session.mark_all_read(forum_id=forums[1].id)
    await t.press("enter", key)
    assert t.screen.spot.forum == forums[2].id
    assert forums[2].title[:20] in t.text


@case("previous-forum")
async def previous_forum(t: Any, key: str) -> None:
    forums = t.session.forums()
    await t.press("enter", key)
    assert t.screen.spot.forum == forums[-1].id
    await t.press(key)
    assert t.screen.spot.forum == forums[-2].id


@case("toggle-read")
async def toggle_read(t: Any, key: str) -> None:
    await t.press("enter")
    assert t.row.unread == 12
    await t.press(key)
    assert t.row.unread == 0
    assert "12 marked as read" in t.told
    await t.press("z")
    assert t.row.unread == 12
    await t.press("enter", key)
    was = t.session.post(t.row.id).unread
    await t.press(key)
    assert t.session.post(t.row.id).unread is not was


@case("all-read")
async def all_read(t: Any, key: str) -> None:
    unread = t.session.forums()[0].unread
    assert unread > 200
    await t.press("enter", key)
    assert isinstance(t.app.screen, Confirm)  # so many are not taken before they are told
    assert f"Mark {unread:,} posts as read?" in t.text
    await t.press("escape")
    assert t.session.forums()[0].unread == unread
    await t.press(key, "enter")
    assert t.session.forums()[0].unread == 0
    assert f"{unread:,} marked as read" in t.told
    await t.press("z")
    assert t.session.forums()[0].unread == unread


# -- write


@case("new-thread")
async def new_thread(t: Any, key: str) -> None:
    await t.press("enter", key)
    assert "New thread in Building" in t.text
    await t.type("A title")
    await t.press("tab")
    await t.type("trust, new one")
    await t.press("enter")
    await t.type("The text")
    await t.press("ctrl+s")
    assert not t.screen.query(Composer)
    assert (t.row.title, t.row.body, t.row.tags) == ("A title", "The text", ("trust", "new one"))
    assert t.row.send is SendState.QUEUED
    assert "Queued" in t.told
    assert [row.kind for row in t.session.outbox()] == ["post"]


@case("reply")
async def reply(t: Any, key: str) -> None:
    await to_thread(t)
    await t.press(key)
    assert "Reply to Jürgen" in t.text
    await t.type("An answer")
    await t.press("ctrl+s")
    assert t.row.body == "An answer"
    assert t.row.parent_id == t.screen.spot.thread
    assert "An answer" in t.text


@case("quote")
async def quote(t: Any, key: str) -> None:
    await to_thread(t)
    await t.press(key)
    draft = t.session.drafts()[0]
    assert draft.body.startswith("Jürgen Pfeiffer wrote:\n\n> Wir bauen")
    await t.type("Yes")
    await t.press("ctrl+s")
    assert t.row.body.endswith("\n\nYes")


@case("edit")
async def edit(t: Any, key: str) -> None:
    mine = await to_own_post(t)
    await t.press(key)
    assert "Change your post" in t.text
    await t.type(" Changed.")
    await t.press("ctrl+s")
    assert t.session.post(mine.id).body == f"{mine.body} Changed."
    assert [row.kind for row in t.session.outbox()] == ["edit"]
    await t.press("g", key)
    assert t.row.id == mine.id or "not yours" in t.told


@case("delete")
async def delete(t: Any, key: str) -> None:
    mine = await to_own_post(t)
    await t.press(key)
    assert isinstance(t.screen, Confirm)
    assert "Take this post back?" in t.text
    await t.press("enter")  # the button that has the focus is the one that does nothing
    assert not t.session.post(mine.id).gone
    await t.press(key, "y")
    assert t.session.post(mine.id).gone == "deleted"
    assert "Taken back" in t.told
    assert [row.kind for row in t.session.outbox()] == ["delete"]


# -- mark and take along


@case("vote")
async def vote(t: Any, key: str) -> None:
    await to_thread(t)
    assert t.row.up == 27
    await t.press(key)
    assert (t.row.up, t.row.voted) == (28, True)
    assert "Voted for Jürgen" in t.told
    assert [row.kind for row in t.session.outbox()] == ["vote"]
    await t.press(key)
    assert "already; - takes it back" in t.told
    assert t.row.up == 28


@case("unvote")
async def unvote(t: Any, key: str) -> None:
    await to_thread(t)
    await t.press(key)
    assert "You have not voted" in t.told
    await t.press("plus", key)
    assert (t.row.up, t.row.voted) == (27, False)
    assert t.session.outbox() == [] or [row.kind for row in t.session.outbox()][-1] == "unvote"


@case("tags")
async def tags(t: Any, key: str) -> None:
    await to_thread(t)
    await t.press(key)
    assert isinstance(t.screen, TagPicker)
    assert "✓ #roi" in t.text
    await t.type("trus")
    await t.press("tab")
    assert t.screen.query_one("#tag-find").value == "trust"
    await t.press("enter")
    assert "✓ #trust" in t.text
    await t.press("escape")
    assert "trust" in t.row.tags
    assert [row.kind for row in t.session.outbox()] == ["tag"]


@case("save")
async def save(t: Any, key: str) -> None:
    await to_thread(t)
    await t.press(key)
    assert "Saved; 4 lists what you saved" in t.told
    await t.press("4")
    assert OPENER in t.text
    await t.press(key)
    assert "Nothing saved yet" in t.text


@case("follow")
async def follow(t: Any, key: str) -> None:
    await to_thread(t)
    thread = t.screen.spot.thread
    await t.press(key)
    assert t.session.followed().threads == {thread}
    assert "Followed: " in t.told
    await t.press("6")
    assert {row.thread_id for row in t.session.posts(t.screen.list_now.keys)} == {thread}
    assert "Followed" in t.text
    await t.command("muted")
    assert isinstance(t.screen, MarksDialog)
    assert f"✓ followed  thread  {OPENER[:10]}" in t.text
    await t.press("enter")
    assert not t.session.followed()
    await t.press("enter")
    assert t.session.followed().threads == {thread}  # on again, in the same place
    await t.press("enter", "escape")
    assert ":follow #tag" in t.text  # nothing is followed now
    assert not t.session.followed()


@case("plan", Where.JAM, Where.OUTBOX)
async def plan(t: Any, key: str) -> None:
    if t.session.outbox() == []:
        await to_outbox(t)
    await t.press(key)
    assert t.screen.spot.place == "plan"
    assert "Plan for 15 minutes" in t.text
    steps = t.screen._plan.steps
    await t.press("space")
    assert t.row.id == steps[0].post.id
    assert f"Post 1 of {len(steps)}" in t.text or not t.screen.wide
    await t.press("n")
    assert t.row.id == steps[1].post.id


@case("threads", Where.OUTBOX)
async def outbox_threads(t: Any, key: str) -> None:
    await to_outbox(t)
    await t.press(key)
    assert t.screen.spot.place == "all"
    assert len(t.screen.list_now.keys) == sum(forum.threads for forum in t.session.forums())


@case("hot", Where.OUTBOX)
async def outbox_hot(t: Any, key: str) -> None:
    await to_outbox(t)
    await t.press(key)
    assert "Hot now" in t.text
    assert t.screen.list_now.keys


@case("person", Where.OUTBOX)
async def outbox_person(t: Any, key: str) -> None:
    """What waits has no author but oneself: it is told how to name somebody."""
    await to_outbox(t)
    await t.press(key)
    assert "Nobody is chosen here" in t.told
    assert t.screen.spot.place == "outbox"


@case("link")
async def link(t: Any, key: str) -> None:
    await t.command("post 012e0820-46c2-7595-a41c-ff475ec21183")
    await t.press(key)
    assert isinstance(t.screen, OpenLink)
    assert "talks.example.org" in t.text
    await t.press("enter")  # cancel has the focus
    assert not isinstance(t.screen, OpenLink)
    await t.press(key, "y")
    assert t.app.clipboard == "https://talks.example.org/value/962"


@case("copy")
async def copy(t: Any, key: str) -> None:
    await to_thread(t)
    await t.press(key)
    assert t.app.clipboard.startswith(f"{t.row.title}\n\nWir bauen")
    assert "Text copied" in t.told


@case("copy-address")
async def copy_address(t: Any, key: str) -> None:
    await to_thread(t)
    await t.press(key)
    assert t.app.clipboard == f"http://127.0.0.1:9/api/v1/posts/{t.row.id}"


@case("undo")
async def undo(t: Any, key: str) -> None:
    await t.press("enter", "A", "enter")
    assert t.session.forums()[0].unread == 0
    await t.press(key)
    assert t.session.forums()[0].unread > 0
    assert "Taken back" in t.told
    await t.press(key)
    assert "Nothing to take back" in t.told


# -- places; from the Jam and from the outbox


async def from_where_it_is(t: Any, where: Where) -> None:
    if where is Where.OUTBOX:
        await to_outbox(t)
    else:
        await to_thread(t)


PLACES = {
    "forums": (FORUM, "Forums"),
    "live": ("New posts", "newer"),
    "inbox": ("7 new · 7", ""),
    "mentions": ("Mentions", ""),
    "saved": ("Nothing saved yet", ""),
    "outbox": ("Outbox", ""),
    "followed": (":follow #tag", ""),
}


def _place(name: str, where: Where) -> None:
    @case(name, where)
    async def go(t: Any, key: str) -> None:
        await from_where_it_is(t, where)
        await t.press(key)
        assert t.screen.spot.place == name
        assert PLACES[name][0] in t.text


for _name in PLACES:
    for _where in (Where.JAM, Where.OUTBOX):
        _place(_name, _where)


@case("drafts", Where.JAM, Where.OUTBOX)
async def drafts(t: Any, key: str) -> None:
    post = t.session.posts(t.session.live_keys(1))[0]
    t.session.save_draft(Draft(DraftKind.REPLY, post.id, body="half an answer"))
    await t.press(key)
    assert "half an answer" in t.text
    await t.press("enter")
    assert t.screen.query_one(Composer).draft.body == "half an answer"


@case("search", Where.JAM, Where.OUTBOX)
async def search(t: Any, key: str) -> None:
    await t.press(key)
    assert isinstance(t.screen, Search)
    await t.type("telephone")
    await t.press("enter")
    assert "hit 1 of" in t.text
    first = t.row.id
    await t.press("n")
    assert t.row.id != first
    assert "hit 2 of" in t.text
    await t.press("p")
    assert t.row.id == first


@case("command", Where.JAM, Where.OUTBOX)
async def command(t: Any, key: str) -> None:
    await t.press(key)
    assert t.screen.query(CommandLine)
    await t.type("forum gov")
    await t.press("tab", "enter")
    assert "Identifying risks" in t.text
    assert not t.screen.query(CommandLine)
    await t.press(key)
    await t.type("nonsense")
    await t.press("enter")
    assert "No action is called nonsense" in t.told


@case("help", Where.JAM, Where.OUTBOX)
async def help_(t: Any, key: str) -> None:
    await t.press(key)
    assert isinstance(t.screen, Help)
    await t.press("slash")
    await t.type("quoted")
    assert "quote" in t.text
    assert "Page back." not in t.text
    await t.press("escape", "escape")
    assert not isinstance(t.screen, Help)


# -- the outbox


@case("down", Where.OUTBOX)
async def outbox_down(t: Any, key: str) -> None:
    await to_outbox(t, 3)
    await t.press(key)
    assert index(t) == 1


@case("up", Where.OUTBOX)
async def outbox_up(t: Any, key: str) -> None:
    await to_outbox(t, 3)
    await t.press("j", "j", key)
    assert index(t) == 1


@case("first", Where.OUTBOX)
async def outbox_first(t: Any, key: str) -> None:
    await to_outbox(t, 3)
    await t.press("j", "j", key)
    assert index(t) == 0


@case("last", Where.OUTBOX)
async def outbox_last(t: Any, key: str) -> None:
    await to_outbox(t, 3)
    await t.press(key)
    assert index(t) == 2


@case("page-down", Where.OUTBOX)
@case("half-page-down", Where.OUTBOX)
@case("read-on", Where.OUTBOX)
async def outbox_page(t: Any, key: str) -> None:
    await to_outbox(t, 40)
    await t.press(key)
    assert 0 < index(t) < 39


@case("page-up", Where.OUTBOX)
@case("half-page-up", Where.OUTBOX)
@case("read-back", Where.OUTBOX)
async def outbox_page_back(t: Any, key: str) -> None:
    await to_outbox(t, 40)
    await t.press("G", key)
    assert 0 < index(t) < 39


@case("open", Where.OUTBOX)
async def outbox_open(t: Any, key: str) -> None:
    await to_outbox(t)
    await t.press(key)
    assert t.screen.spot.reading
    assert t.row.body == "waits 0"


@case("back", Where.OUTBOX)
@case("leave", Where.OUTBOX)
async def outbox_back(t: Any, key: str) -> None:
    await to_outbox(t)
    await t.press(key)
    assert t.screen.spot.place == "forums"
    assert t.app.is_running


@case("next-pane", Where.OUTBOX)
@case("previous-pane", Where.OUTBOX)
async def outbox_panes(t: Any, key: str) -> None:
    """There is one pane with keys: it keeps them."""
    await to_outbox(t)
    await t.press(key)
    assert t.app.focused is t.screen.list_now


@case("undo", Where.OUTBOX)
async def outbox_undo(t: Any, key: str) -> None:
    await to_outbox(t)
    await t.press("D")
    assert t.session.outbox() == []
    await t.press(key)
    assert "waits 0" in t.text


@case("retry", Where.OUTBOX)
async def retry(t: Any, key: str) -> None:
    ids = await to_outbox(t)
    await t.press(key)
    assert "Trying again" in t.told
    assert [row.id for row in t.session.outbox()] == ids


@case("reconnect", Where.JAM)
async def reconnect(t: Any, key: str) -> None:
    await t.press(key)
    assert "Nothing is connected yet" in t.told  # off line here; tests/contract does it with a server


@case("reconnect", Where.OUTBOX)
async def reconnect_in_the_outbox(t: Any, key: str) -> None:
    await to_outbox(t)
    await t.press(key)
    assert "Nothing is connected yet" in t.told


@case("messages", Where.JAM)
async def messages(t: Any, key: str) -> None:
    t.screen.say("The line said this")
    await t.press(key)
    assert "Last messages" in t.text
    assert "The line said this" in t.text


@case("messages", Where.OUTBOX)
async def messages_in_the_outbox(t: Any, key: str) -> None:
    await to_outbox(t)
    await messages(t, key)


@case("reopen", Where.OUTBOX)
async def reopen(t: Any, key: str) -> None:
    await to_outbox(t)
    await t.press(key)
    assert "Reply to Jürgen" in t.text
    assert t.screen.query_one(Composer).draft.body == "waits 0"
    assert t.session.outbox() == []


@case("drop", Where.OUTBOX)
async def drop(t: Any, key: str) -> None:
    await to_outbox(t)
    await t.press(key)
    assert "Nothing waits" in t.text
    assert "z takes it back" in t.told


# -- the composer


async def to_composer(t: Any) -> None:
    await to_thread(t)
    await t.press("r")
    await t.type("A **bold** word")


@case("ideas", Where.JAM, Where.OUTBOX)
async def ideas(t: Any, key: str) -> None:
    await t.press(key)
    assert "How ideas stand" in t.text
    await t.press("enter")
    assert (t.screen.spot.place, t.screen.spot.filter) == ("all", "state:new")


@case("send", Where.COMPOSER)
async def send(t: Any, key: str) -> None:
    await to_thread(t)
    await t.press("r", key)
    assert "There is no text to send" in t.text  # refused in place, and it stays open
    await t.type("Now")
    await t.press(key)
    assert not t.screen.query(Composer)
    assert t.session.drafts() == []
    assert t.row.body == "Now"


@case("preview", Where.COMPOSER)
async def preview(t: Any, key: str) -> None:
    await to_composer(t)
    await t.press(key)
    assert "A bold word" in t.text
    await t.press(key)
    assert "A **bold** word" in t.text


@case("close", Where.COMPOSER)
async def close(t: Any, key: str) -> None:
    await to_composer(t)
    await t.press(key)
    assert not t.screen.query(Composer)
    assert "Draft kept" in t.told
    assert [draft.body for draft in t.session.drafts()] == ["A **bold** word"]
    await t.press("r")
    assert t.screen.query_one(Composer).draft.body == "A **bold** word"


@case("editor", Where.COMPOSER)
async def editor(t: Any, key: str) -> None:
    """Without a terminal none can be handed over: that is told, and the text is as it was."""
    await to_composer(t)
    await t.press(key)
    assert "editor" in t.told
    assert t.screen.query_one(Composer).draft.body == "A **bold** word"


@case("said", Where.COMPOSER)
async def said(t: Any, key: str) -> None:
    """A letter is text there: the key is another one than elsewhere, and the line names that."""
    await to_composer(t)
    t.screen.say(f"This is {'long ' * 40}and has an end")
    await t.settle()
    assert t.told.endswith("Ctrl-L whole")
    await t.press(key)
    assert "and has an end" in " ".join(t.text.replace("│", " ").split())
    await t.press(key)
    await t.type("!")
    assert t.screen.query_one(Composer).draft.body == "A **bold** word!"


# -- all of them


def _all() -> list[Any]:
    runs = []
    for (where, action_id), walk in CASES.items():
        for number, key in enumerate(BY_ID[action_id].keys):
            for name, size in (("wide", WIDE), ("narrow", NARROW)) if number == 0 else (("wide", WIDE),):
                runs.append(pytest.param(walk, key, size, id=f"{where.name}-{action_id}-{key}-{name}"))
    return runs


@pytest.mark.parametrize(("walk", "key", "size"), _all())
async def test_key(walk: Case, key: str, size: tuple[int, int], tui: Callable[..., Any]) -> None:
    async with tui(size=size) as t:
        await walk(t, key)


# Pressed in the tests of their own features: test_ways, test_walk (mute), test_screens (the right of wide lines).
ELSEWHERE = {
    (Where.JAM, one)
    for one in ("sort-by", "filter", "filter-clear", "threads", "hot", "person", "mute", "shift-right", "shift-left")
}


ELSEWHERE |= {(Where.JAM, one) for one in ("connect", "connections", "feature")}  # test_ideas
ELSEWHERE |= {(Where.COMPOSER, one) for one in ("thread-kind", "similar")}
ELSEWHERE |= {(Where.JAM, one) for one in ("report", "moderate", "notices")}  # test_moderation
ELSEWHERE |= {(Where.OUTBOX, "notices")}
ELSEWHERE |= {  # test_hosting
    (where, one)
    for where in (Where.JAM, Where.OUTBOX)
    for one in ("announcements", "put-away", "polls", "unanswered", "brief-fold")
    if where in BY_ID[one].where
}


def test_every_key_of_the_table_has_a_walk() -> None:
    places = (Where.JAM, Where.OUTBOX, Where.COMPOSER)
    wanted = {(place, action.id) for place in places for action in actions_of(place) if action.keys}
    assert wanted - set(CASES) - ELSEWHERE == set()
    assert set(CASES) - wanted == set()


def test_the_keys_that_were_promised() -> None:
    """The key map that people were told of: it may grow, it does not shrink."""
    there = {key for action in ACTIONS for key in action.keys}
    signs = "slash colon question_mark plus minus greater_than_sign right_square_bracket left_square_bracket"
    names = f"up down space tab shift+tab enter escape ctrl+p ctrl+s ctrl+o {signs}"
    assert set("jkgGbnpqhl12345creDtsuAoyYz") | set(names.split()) <= there
