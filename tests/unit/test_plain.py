"""Plain mode without a terminal: a handler for each action, a conversation in lines, keys, fields, lines of posts."""

from __future__ import annotations

import contextlib
import io
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from demo_mirror import copied
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from jamtui.actions import ACTIONS, Where
from jamtui.errors import JamError
from jamtui.keys import Keymap
from jamtui.model import Changed, Draft, DraftKind, Link
from jamtui.output import width
from jamtui.plain import words
from jamtui.plain.composer import Composer
from jamtui.plain.console import Ended
from jamtui.plain.field import Field
from jamtui.plain.here import NOT_NEEDED
from jamtui.plain.keys import Key, Keys
from jamtui.plain.markdown import lines_of, spoken
from jamtui.plain.pipe import Pipe
from jamtui.plain.program import Plain
from jamtui.plain.wrap import wrap
from jamtui.session import Session, open_session
from jamtui.store import connection, mirror, own, registry
from jamtui.store.mirror import Mirror
from screens.spot import Spot, empty_words

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2011, 2, 9, 14, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def session(mirrored: registry.KnownJam, tmp_path: Path, clock: Clock) -> Iterator[Session]:
    one = open_session(*copied(mirrored, tmp_path), clock=clock, rng=random.Random(1), environ={})
    yield one
    one.close()


Talk = Callable[..., str]


@pytest.fixture
def talk(session: Session) -> Talk:
    """Says lines to plain mode and answers what it says, until the input ends."""

    def run(*lines: str, edit: Callable[[str], str] = lambda text: text) -> str:
        out = io.StringIO()
        opened: list[str] = []
        console = Pipe(io.StringIO("".join(f"{line}\n" for line in lines)), out, columns=200)
        with pytest.raises(Ended):
            Plain(session, console, edit=edit, browse=opened.append, environ={"BROWSER": "true"}).run()
        return out.getvalue() + "".join(f"BROWSER {url}\n" for url in opened)

    return run


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_action_of_the_table_has_a_handler(action: object) -> None:
    """A new action needs a ``do_<method>`` in plain mode, or its reason in `NOT_NEEDED`."""
    assert action.id not in NOT_NEEDED or not hasattr(Plain, f"do_{action.method}")  # type: ignore[attr-defined]
    owner = Composer if action.where == (Where.COMPOSER,) else Plain  # type: ignore[attr-defined]
    assert action.id in NOT_NEEDED or callable(getattr(owner, f"do_{action.method}", None))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "walk", [[], ["open"], ["open", "open"], ["2"], ["6"], ["0"], ["people"], ["hot"], ["plan", ""]]
)
def test_every_action_answers_wherever_one_is(walk: list[str], session: Session) -> None:
    """On a row of each kind of list and on a post: it does something, or says in words why not."""
    for action in ACTIONS:
        if action.where == (Where.COMPOSER,) or action.id == "quit":
            continue
        out = io.StringIO()
        answers = io.StringIO("some words\n.\nmore\n.\n")  # to what it asks
        plain = Plain(session, Pipe(answers, out, columns=200), edit=str, browse=str)
        plain.begin()
        plain.go(Spot())
        for one in walk:
            plain.answer(one or Key("space"))
        begin = out.tell()
        with contextlib.suppress(Ended):  # it left, or asked for more than there are answers
            plain.answer(action.id)
        assert len(out.getvalue()) > begin + 4 or (action.id == "leave" and not walk), (action.id, walk)
        assert "is not there in plain mode" not in out.getvalue()


# What is said where a key did nothing.
_NOTHING = (
    "no post is chosen", "there is one list", "does nothing", "does not work here", "plain mode has the colours",
    "lines are never cut", "nothing stands in the way", "nothing is narrowed", "nothing to take back", "not yours",
    "no link in this post", "nothing is folded", "no threads to sort", "belongs to a forum", "you voted for this",
    "you have not voted", "only hosts", "hosts and moderators", "for hosts", "no brief yet", "there was no draft",
    "nothing to open", "no links", "all read", "is there in the full screen",
)  # fmt: skip


@pytest.mark.parametrize(
    "walk",
    [[], ["open"], ["open", "open"], ["open", "open", "j", "j"], ["2"], ["4"], ["0"], ["5"], ["people"], ["hot"],
     ["author:demo"]],
    ids=" ".join,
)  # fmt: skip
def test_help_tells_what_does_something_where_one_is(
    walk: list[str], session: Session, figure: Callable[[str], None]
) -> None:
    def there() -> tuple[Plain, io.StringIO]:
        out = io.StringIO()
        answers = io.StringIO("some words\n.\nmore\n.\n")  # to what it asks
        plain = Plain(session, Pipe(answers, out, columns=200), edit=str, browse=str)
        plain.begin()
        plain.go(Spot())
        for one in walk:
            plain.perform("search", one) if ":" in one else plain.answer(one)
        return plain, out

    plain, _ = there()
    idle, here = plain.idle_here(), set(plain.places())
    told = [one for one in ACTIONS if one.id not in idle and not here.isdisjoint(one.where)]
    assert not {"shift-left", "shift-right", "theme", "put-away"}.intersection(one.id for one in told)
    wrong = []
    for action in told:
        if action.id in ("quit", "leave", "suspend"):
            continue
        plain, out = there()
        if action.id in plain.idle_here():
            continue  # the one before did it: what was unread is read
        begin = out.tell()
        with contextlib.suppress(Ended):
            plain.answer(action.id)
        said = out.getvalue()[begin:]
        wrong += [(action.id, said) for words_ in _NOTHING if words_ in said.casefold()]
    assert wrong == []
    figure(f"plain mode's help at {' '.join(walk) or 'forums'}: {len(told)} actions tried, 0 that do nothing")


def test_help_for_a_word_tells_what_belongs_elsewhere(talk: Talk) -> None:
    told = talk("help", "right")
    assert "Not in plain mode. Lines are never cut here: they wrap." in told
    told = talk("help", "")
    assert "Every name works on the" in told
    assert "wide tables" not in told
    assert "Tab" not in told


def test_threads_are_narrowed_and_all_shown_again(talk: Talk, session: Session) -> None:
    name = session.tags()[0].name
    fits = len(session.thread_keys(None, "active", session.filter(f"tag:{name}")))
    told = talk(f"filter tag:{name}", "x", "z", "q", "filter nonsense", "open", "sort new", "filter is:unread", "q")
    assert f"All forums: {fits} threads, only #{name}." in told
    assert f"All forums: {len(session.thread_keys(None))} threads." in told
    assert "No such filter: nonsense." in told
    assert "threads, by new, only unread, " in told


def test_reading_on_goes_in_the_order_of_a_list_that_is_sorted(talk: Talk, session: Session) -> None:
    keys = session.thread_keys(None, "votes")
    for row in session.threads(keys[:-3]):
        session.mark_all_read(thread_id=row.id)
    first = next(row for row in session.threads(keys) if row.unread)
    assert session.next_unread("", "") != (first.forum_id, first.id)
    told = talk("sort votes", "")
    assert first.title in told.split("All forums")[1]


def test_a_forum_keeps_its_order_and_reading_on_comes_into_it_there(talk: Talk, session: Session) -> None:
    """The same as on the full screen: each forum is shown in the order that was chosen for it, and read in that."""
    one, two = session.forums()[:2]
    talk(f"forum {two.slug}", "sort replies")
    assert session.order_of(one.id) == "active"
    session.mark_all_read(forum_id=one.id)
    listed = session.threads(session.thread_keys(two.id, "replies"))
    first = next(row for row in listed if row.unread)
    assert first != next(row for row in session.threads(session.thread_keys(two.id)) if row.unread)
    told = talk(f"forum {one.slug}", "", "q")
    assert f"Forum {two.title}." in told
    assert first.title in told.split(f"Forum {two.title}.")[1]
    assert f"{two.title}: {len(listed)} threads, by replies" in told


OTHERS = Keymap({action.id: (chr(0x400 + at),) for at, action in enumerate(ACTIONS)})  # a letter of its own for each
_VERBS = "takes|clears|changes|sets|opens|keeps|lists|leaves|tells|goes|follows|mutes|marks|unfolds|reads|begins"
OLD_KEY = re.compile(rf"(?<!\S)(Space|Esc|Escape|Ctrl-[^L]|Enter|[b-zB-HJ-Z]|[1-9]|[-?+/]):? +(?:{_VERBS})\b")


def test_the_keys_are_those_of_the_person_and_no_words_name_others(session: Session) -> None:
    """Every action has another key: the new ones work, the old do nothing, help and all that is said follow."""
    out = io.StringIO()
    letters = {action.id: OTHERS.name(action.id) for action in ACTIONS}
    lines = [
        "n", letters["filter-clear"], letters["live"], letters["filter"], "is:unread", letters["filter-clear"],
        letters["undo"], "saved", "mentions", "followed", "filter tag:nowhere", "muted", letters["threads"],
        letters["all-read"], letters["undo"], letters["plan"], "", "back", letters["forums"], "toggle-read", "open",
        "open", "fold", letters["vote"], letters["vote"], letters["save"], "mute", "follow", letters["reply"], "Words",
        ".", "edit", letters["back"], letters["help"], "", "forums", letters["back"], letters["leave"],
    ]  # fmt: skip
    console = Pipe(io.StringIO("".join(f"{line}\n" for line in lines)), out, columns=2_000)
    console.keyed = True  # as on a terminal: the composer tells its keys then
    with pytest.raises(Ended):
        Plain(session, console, edit=str, browse=str, keymap=OTHERS).run()
    told = out.getvalue()
    assert f"n does nothing here. {letters['help']} tells the keys." in told
    assert f"{letters['undo']} takes it back." in told
    assert f"Saved; {letters['saved']} lists what you saved." in told
    assert f"{letters['filter']} changes the filter, {letters['filter-clear']} clears it." in told
    assert f"{letters['editor']} opens your editor, {letters['close']} keeps a draft and leaves." in told
    assert f"{letters['all-read']}: Mark all that is listed" in told
    assert [line for line in told.split("\n") if OLD_KEY.search(line)] == []


@pytest.mark.parametrize("begin", ["forums", "live", "threads"])
def test_exploring_ends_and_marks_nothing(begin: str, session: Session) -> None:
    """Space goes once through all that is unread, although nothing is marked, and then says so."""
    session.explore = True
    unread = session.status().unread
    out = io.StringIO()
    plain = Plain(session, Pipe(io.StringIO(), out, columns=200), edit=str, browse=str)
    plain.begin()
    plain.answer(begin)
    for _ in range(2 * unread + 200):
        plain.answer(Key("space"))
        if "Nothing else is unread" in out.getvalue():
            break
    assert "Nothing else is unread" in out.getvalue()
    begun = out.tell()
    plain.answer(Key("space"))
    assert "Nothing else is unread" in out.getvalue()[begun:]
    assert session.status().unread == unread


def test_what_is_hot_and_who_people_are(talk: Talk, session: Session) -> None:
    hot = session.hot()[0]
    told = talk("H", "q", "people", "open", "q", "q", "person demo")
    assert f"lately {hot.posts} posts by {hot.people} people" in told
    most = session.people()[0]
    assert f"{most.name}{words.role(most.role)} -- @{most.handle}" in told
    assert f"{most.posts} posts, " in told
    assert f"{session.me.name}, @demo" in told


def test_back_from_a_way_is_where_one_was(session: Session) -> None:
    """Reading, then who wrote it, what is hot and a plan: back, and back, to the post that one read."""
    plain = Plain(session, Pipe(io.StringIO(), io.StringIO(), columns=200), edit=str, browse=str)
    plain.begin()
    for line in ("open", "j", "open", "j", "j"):
        plain.answer(line)
    spot, key = plain.spot, plain.post_key
    for line in ("i", "j", "open", "hot", "plan 5", "plan 3"):
        plain.answer(line)
    assert plain.spot.place == "plan"
    for place in ("hot", "person", "person", "forums"):  # the post, then the page it stood on
        plain.answer("back")
        assert plain.spot.place == place, place
    assert (plain.spot, plain.post_key) == (spot, key)
    for line in ("hot", "2", "back"):  # a place of one's own choice: from there one goes to the forums
        plain.answer(line)
    assert plain.spot == Spot()


def test_back_from_who_wrote_a_hit_is_the_hit(talk: Talk, session: Session) -> None:
    plain = Plain(session, Pipe(io.StringIO(), io.StringIO(), columns=200), edit=str, browse=str)
    plain.begin()
    for line in ("search pilot", "down", "open"):
        plain.answer(line)
    spot, key, hits = plain.spot, plain.post_key, plain.hits
    for line in ("person", "open", "back", "back"):
        plain.answer(line)
    assert (plain.spot, plain.post_key, plain.hits) == (spot, key, hits)
    plain.answer("back")
    assert (plain.spot.kind, plain.at, len(plain.keys)) == ("hits", 1, len(hits))
    plain.answer("back")
    assert plain.spot == Spot()


def test_what_is_muted_followed_and_edited_is_told(talk: Talk, session: Session) -> None:
    first, second = session.threads(session.thread_keys(session.forums()[0].id))[:2]
    told = talk("open", "m", "j", "F", "k", "j", "k", "open")
    assert second.title.endswith("?")
    assert f"Followed: {second.title} z takes it back." in told
    assert f"{words.author(first)}, muted, {first.replies} replies" in told
    assert f"{words.author(second)}, followed, {second.unread} unread" in told
    assert "opening post, muted" in told


def test_a_plan_is_walked_to_its_end(talk: Talk, session: Session) -> None:
    plan = session.plan(3)
    before = session.status().unread
    told = talk("plan 3", *["n"] * (len(plan.steps) + 1), "plan 0")
    assert f"Plan for 3 minutes: {len(plan.steps)} posts of {plan.unread:,} unread" in told
    assert f"Plan, post {len(plan.steps)} of {len(plan.steps)}" in told
    assert "The plan is done." in told
    assert "Not a number of minutes." in told
    assert session.status().unread == before - len(plan.steps)


def test_what_is_followed_is_a_list_and_marks_are_taken_off(talk: Talk, session: Session) -> None:
    told = talk("open", "F", "j", "m", "6", "muted", "1", "muted", "", "z")
    thread = session.threads(session.thread_keys(session.forums()[0].id))[0]
    assert f"Posts in what you follow: {thread.replies + 1}." in told
    assert "1. Muted: thread " in told
    assert f"2. Followed: thread {thread.title[:20]}" in told
    assert "No longer muted: " in told
    assert "All left as it is." in told
    assert session.muted().threads  # z took it back


def test_no_screen_library_is_needed() -> None:
    code = (
        "import sys; import jamtui.plain.ways_in; "
        "print([m for m in ('textual', 'rich', 'httpx', 'keyring', 'markdown_it', 'jamserver') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_forums_threads_and_posts_are_told_in_words(talk: Talk) -> None:
    told = talk("open", "open", "j", "h", "j", "q")
    assert "Social Business Jam: " in told
    assert "Forum 1 of 5." in told
    assert "Thread 1 of" in told
    assert "opening post, unread." in told
    assert "level 1" in told
    assert not set(told) & set("│─╭╰▎●◆→↓")


def test_reading_on_ends_and_everything_is_read(talk: Talk, session: Session) -> None:
    posts = session.status().unread
    assert posts > 500
    told = talk(*[""] * (posts + 2))
    assert told.rstrip().endswith("All read.")
    assert session.status().unread == 0
    assert told.count(", unread.") == posts


def test_what_was_jumped_over_stays_unread_and_marking_can_be_taken_back(talk: Talk, session: Session) -> None:
    before = session.status().unread
    assert session.thread_index(session.threads(session.thread_keys(session.forums()[0].id))[0].id).unread
    told = talk("open", "open", "G", "A", "z", "u")
    assert re.search(r"Taken back: \d+ marked as read\.", told)
    assert "marked as read. z takes it back." in told
    assert session.status().unread == before - 1  # the last one, by u: the opening post was jumped away from


@pytest.mark.parametrize(
    ("command", "read"),
    [
        ("j", {2}), ("k", {2}), ("n", {2}), ("read-on", {2}), ("page-down", {2}), ("q", {2}),
        ("p", set()), ("first", set()), ("last", set()), ("h", set()), ("b", set()), ("page-up", set()), ("r", set()),
    ],
)  # fmt: skip
def test_only_reading_on_marks_as_read_as_in_the_full_screen(command: str, read: set[int], session: Session) -> None:
    """One is on the third post of a thread, which was told to its end."""
    for row in session.threads(session.thread_keys(session.forums()[0].id)):
        index = session.thread_index(row.id)
        if index.unread == set(index.keys) and len(index) > 4 and index.depths[2] > 1:
            break
    plain = Plain(session, Pipe(io.StringIO("words\n.\n"), io.StringIO(), columns=200), edit=str, browse=str)
    plain.begin()
    plain.go(Spot("forums", row.forum_id, row.id, True), post=session.posts([index.keys[2]])[0].id)
    plain.folded |= {index.keys[2]}  # so that h goes to the parent
    plain.answer(command)
    if command == "k":
        assert plain.post_key == index.keys[1]
    assert {index.keys.index(key) for key in index.unread - session.thread_index(row.id).unread} == read


def test_threads_are_gone_through_one_after_the_other_and_by_half_pages(session: Session) -> None:
    keys = session.thread_keys(session.forums()[0].id)
    first, second = session.threads(keys[:2])
    plain = Plain(session, Pipe(io.StringIO(), out := io.StringIO(), columns=200), edit=str, browse=str)
    plain.begin()
    plain.answer("open")
    plain.answer("half-page-down")
    assert plain.at == 10
    plain.answer("half-page-up")
    assert plain.at == 0
    plain.answer("open")
    plain.answer(Key("J"))
    assert (plain.spot.thread, plain.spot.reading) == (second.id, True)
    plain.answer("half-page-down")
    assert plain.post_key == session.thread_index(second.id).keys[1]
    plain.answer(Key("K"))
    assert plain.spot.thread == first.id
    plain.answer(Key("K"))
    assert "This is the first thread of the list." in out.getvalue()


def test_a_step_that_leads_nowhere_reads_nothing_in_plain_mode(session: Session) -> None:
    row = session.threads(session.thread_keys(session.forums()[0].id))[0]
    plain = Plain(session, Pipe(io.StringIO(), io.StringIO(), columns=200), edit=str, browse=str)
    plain.begin()
    before = session.thread_index(row.id).unread
    plain.go(Spot("forums", row.forum_id, row.id, True))
    plain.answer(Key("k"))
    plain.answer(Key("G"))
    plain.answer("j")
    assert session.thread_index(row.id).unread == before


def test_many_posts_are_marked_read_after_a_question_that_says_how_many(talk: Talk, session: Session) -> None:
    before, there = session.forums()[0].unread, session.status().unread
    assert before > 200
    told = talk("A", "n")
    assert f"Mark {before:,} posts as read? y does, any other key leaves it." in told
    assert "Nothing marked." in told
    assert session.status().unread == there
    told = talk("A", "y")
    assert f"{before:,} marked as read. z takes it back." in told
    assert session.status().unread == there - before
    assert "Taken back: " in talk("open", "A", "2", "forums", "T", "A", "y", "z")
    assert session.status().unread == there - before


def test_a_search_tells_what_is_wrong_and_that_there_are_more_than_are_listed(talk: Talk, session: Session) -> None:
    total = session.searching.ranked("the", None).total
    assert total > 200
    told = talk("search the", "search pilot before:tomorow", "open", "open", "search thread:here")
    assert f"The best 200 of {total:,} hits for the. More words find fewer." in told
    assert "Careful: before:tomorow is no date." in told
    assert "55 hits for pilot before:tomorow." in told
    assert "hits for thread:here." in told or "1 hit for thread:here." in told


def test_a_reply_is_written_in_lines_and_sent(talk: Talk, session: Session) -> None:
    told = talk("open", "open", "r", "first line", "", "- *second*", ".", "5")
    assert "Queued: it goes out when the connection is back." in told
    (row,) = session.outbox()
    assert session.post(row.post_id).body == "first line\n\n- *second*"
    assert "waiting to be sent" in told
    assert "Post: first line - *second* -- waiting to be sent" in told


def test_a_draft_outlives_the_end_of_the_input_and_is_gone_on_with(talk: Talk, session: Session) -> None:
    talk("open", "open", "r", "half a", "thought")
    (draft,) = session.drafts()
    assert (draft.kind, draft.body.strip()) == (DraftKind.REPLY, "half a\nthought")
    told = talk("drafts", "1", "done", ".")
    assert "1 draft not sent yet." in told
    assert "half a" in told
    (row,) = session.outbox()
    assert session.post(row.post_id).body == "half a\nthought\ndone"


def test_both_versions_of_a_post_that_was_changed_meanwhile_are_told(talk: Talk, session: Session) -> None:
    mine = next(row for row in session.posts(session.live_keys()) if row.mine and row.body)
    row_id = session.send(Draft(DraftKind.EDIT, mine.id, mine.title, "Mine it is", base_version=mine.version))
    there = msgspec.to_builtins(session._rows.as_confirmed(mine.id)) | {"body": "Theirs it is", "version": 9}
    with contextlib.closing(connection.connect(session.known.own, own.SCHEMA)) as db:
        own.Own(db).refused(row_id, "It was changed meanwhile", "version_conflict")
    with contextlib.closing(connection.connect(session.known.mirror, mirror.SCHEMA)) as db:
        seq = int(Mirror(db).cursor.partition("-")[0]) + 1
        Mirror(db).apply([("post", msgspec.json.encode(there))], f"{seq}-aaaa")
    told = talk("outbox", "r", "m")
    assert told.index("Theirs it is") < told.rindex("Mine it is")
    (row,) = session.stored().waiting
    assert (row.state, row.payload.base_version) == ("queued", 9)


def test_what_cannot_be_sent_is_told_and_kept(talk: Talk, session: Session) -> None:
    told = talk("c", "A title", "tea, Green Tea", ".", "now with text", ".")
    assert "Not sent: there is no text to send." in told
    (row,) = session.outbox()
    post = session.post(row.post_id)
    assert (post.title, post.tags, post.body) == ("A title", ("tea", "green tea"), "now with text")


def test_votes_tags_saving_and_undo(talk: Talk, session: Session) -> None:
    told = talk("open", "open", "+", "+", "t", "office", "", "s", "4", "1", "-", "undo")
    assert "Voted for the post of" in told
    assert "You voted for this already" in told
    assert "On: office." in told
    assert "Saved posts: 1." in told
    assert {row.kind for row in session.outbox()} == {"vote", "tag"}
    assert "Taken back: Saved; 4 lists what you saved." in told
    assert "z takes back more (2)." in told  # the tag, the vote
    assert "Nothing to take back." in talk("undo")


def test_own_posts_are_changed_and_taken_back_after_a_question(talk: Talk, session: Session) -> None:
    told = talk("open", "open", "r", "mine", ".", "D", "n", "D", "y", "5")
    assert "Left as it is." in told
    assert "Taken back." in told
    assert session.outbox() == []


def test_the_outbox_is_reopened_and_dropped(talk: Talk, session: Session) -> None:
    told = talk("open", "open", "r", "mine", ".", "5", "e", "more", ".", "5", "D", "z")
    assert "1 of 1." in told
    assert "dropped from the outbox" in told
    (row,) = session.outbox()
    assert row.summary == "mine more"


def test_what_is_dropped_is_told_in_words(talk: Talk, session: Session) -> None:
    """The names of kinds are for programs: "connect dropped" says nothing of a link."""
    other = session.threads(session.thread_keys(session.forums()[0].id))[1]
    told = talk("open", "open", f"connect duplicates {other.id}", "5", "D")
    assert "Link to a post dropped from the outbox." in told
    assert session.outbox() == []


def test_a_command_in_the_list_of_tags_is_no_tag(talk: Talk, session: Session) -> None:
    """Everybody would read it: the list stays open behind a tag, and takes what is typed next."""
    told = talk("open", "open", "t", " :people", "", "q")
    assert "Not a tag: :people. Commands begin with : and tags do not." in told
    assert session.outbox() == []


def test_search_goes_through_hits_and_back(talk: Talk, session: Session) -> None:
    hits = session.search("pilot")
    assert len(hits) > 2
    told = talk("/", "pilot", "j", "open", "n", "q", "q", "search zzzzqqq", "tag pilot")
    assert f"{len(hits)} hits for pilot." in told
    assert f"Hit 2 of {len(hits)}" in told
    assert f"Hit 3 of {len(hits)}, in " in told
    assert told.count("5 forums.") == 2
    assert "Nothing found for zzzzqqq." in told


def test_a_link_is_opened_after_a_question_that_names_the_host(talk: Talk, session: Session) -> None:
    hits = (session.post(hit.post.id) for hit in session.search("https", 500))
    post, link = next((post, links[0]) for post in hits if len(links := spoken(post.body).links) == 1)
    told = talk(f"post {post.id}", "o", "o", "o", "n")
    assert f"Open host {link.host} in the browser?" in told
    assert told.count("BROWSER") == 1
    assert f"BROWSER {link.url}" in told
    assert "No link opened." in told


def test_a_host_is_asked_about_until_it_is_trusted_and_again_when_it_is_forgotten(talk: Talk, session: Session) -> None:
    hits = (session.post(hit.post.id) for hit in session.search("https", 500))
    post, link = next((post, links[0]) for post in hits if len(links := spoken(post.body).links) == 1)
    told = talk(f"post {post.id}", "o", "a", "o", "hosts", "1", "hosts", "o", "n", "undo", "o")
    assert told.count(f"Open host {link.host} in the browser?") == 2
    assert told.count(f"BROWSER {link.url}") == 3
    assert f"1. {link.host}" in told
    assert "Each link is asked about." in told
    assert session.trusted_hosts() == [link.host]


def test_without_a_browser_the_address_is_told_and_can_be_copied(session: Session) -> None:
    hits = (session.post(hit.post.id) for hit in session.search("https", 500))
    post, link = next((post, links[0]) for post in hits if len(links := spoken(post.body).links) == 1)
    out = io.StringIO()
    session.trust(link.host)
    console = Pipe(io.StringIO(f"post {post.id}\no\ny\n"), out, columns=200)
    with pytest.raises(Ended):
        Plain(session, console, edit=str, browse=str, environ={"SSH_TTY": "/dev/pts/1"}).run()
    assert "There is no browser here: this is a machine far away (SSH)." in out.getvalue()
    assert f"Address: {link.url}" in out.getvalue()
    assert "Opened" not in out.getvalue()


def test_the_command_line_asks_for_what_it_needs_and_errors_are_words(talk: Talk) -> None:
    told = talk("forum", "nowhere", "sort loudest", "send", "palette", "vote for", "theme light", "help", "outbox")
    assert "No such order." in told
    assert "does not work here" in told
    assert "Plain mode has the colours of your terminal" in told
    assert "What you wrote and the server has not confirmed." in told


def test_a_guest_is_told_why_there_are_no_mentions_and_no_outbox(talk: Talk, session: Session) -> None:
    session.known = session.known.changed(person_id="", handle="", role="")
    told = talk("3", "5")
    assert f"No mentions here. You read as a guest: sign in to write (jamtui login {session.known.origin})." in told
    assert "No outbox here. You read as a guest" in told


def test_an_empty_forum_asks_for_a_thread_only_where_one_may_be_opened(session: Session, clock: Clock) -> None:
    spot = Spot(forum=session.forums()[0].id)
    assert empty_words(session, spot) == "No threads here yet.\n{new-thread} opens the first."
    clock.now = NOW + timedelta(days=30)
    assert empty_words(session, spot) == "No threads here yet."
    assert empty_words(session, Spot(forum=spot.forum, filter="#none")).startswith("Nothing fits.")


def test_a_closed_jam_is_read_and_refuses_in_words(talk: Talk, clock: Clock, session: Session) -> None:
    clock.now = NOW + timedelta(days=30)
    told = talk("open", "open", "r", "+")
    assert "You read only: The Jam closed on" in told
    assert "closed, it can still be read" in told
    assert session.outbox() == []


def test_hours_are_told_where_the_person_wants_them(session: Session) -> None:
    out = io.StringIO()
    console = Pipe(io.StringIO("open\nopen\n2\n/\npilot\n"), out, columns=200)
    with pytest.raises(Ended):
        Plain(session, console, edit=str, browse=str, absolute_times=True).run()
    assert " ago" not in out.getvalue()
    assert "just now" not in out.getvalue()
    assert re.search(r"last (at|on \d\d \w+ at) \d\d:\d\d", out.getvalue())


def test_the_place_comes_back(talk: Talk) -> None:
    first = talk("open", "j", "open", "j")
    second = talk()
    assert first.strip().splitlines()[-1] in second


def test_news_are_told_once_with_the_next_answer(session: Session) -> None:
    out = io.StringIO()
    plain = Plain(session, Pipe(io.StringIO(), out), edit=str, browse=str)
    plain.begin()
    begin = out.tell()
    for _ in range(12):
        plain.news.changed(Changed(new_posts=1))
    plain.catch_up()
    assert out.getvalue()[begin:] == ""  # nothing comes by itself into what is read
    plain.answer(Key("j"))
    plain.answer(Key("k"))
    assert out.getvalue().count("12 new posts.") == 1


def test_the_editor_gets_the_text_and_its_failure_is_told(session: Session) -> None:
    def fails(text: str) -> str:
        raise JamError("the editor ended with code 1", "Nothing was sent.")

    class Keyed(Pipe):
        """Answers a line with the key that would have ended it."""

        def line(self, label, text="", **more):  # type: ignore[no-untyped-def]
            typed = super().line(label, text, **more)
            key, _, rest = typed.text.partition("!")
            return type(typed)(key, rest or text) if key in ("ctrl+o", "ctrl+r", "ctrl+s", "up", "escape") else typed

    for edit, wanted in ((lambda text: f"{text} edited", "mine edited"), (fails, "mine")):
        out = io.StringIO()
        lines = "open\nopen\nr\nctrl+o!mine\nctrl+r!\nctrl+s!\n"
        with pytest.raises(Ended):
            Plain(session, Keyed(io.StringIO(lines), out), edit=edit, browse=str).run()
        assert wanted in [session.post(row.post_id).body for row in session.outbox()]
        assert "As it will be read:" in out.getvalue()
    assert "The editor ended with code 1. Nothing was sent." in out.getvalue()


# -- keys and fields


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (b"jG", ["j", "G"]), (b" \r\t", ["space", "enter", "tab"]), (b"[]?:/+->", [
            "left_square_bracket", "right_square_bracket", "question_mark", "colon", "slash", "plus", "minus",
            "greater_than_sign"]),
        (b"\x13\x0f\x1a", ["ctrl+s", "ctrl+o", "ctrl+z"]),
        (b"\x1b[A\x1bOB\x1b[6~\x1b[Z", ["up", "down", "pagedown", "shift+tab"]),
        (b"\x1bOP\x1b[15~\x1b[24~\x1b[[A\x1b[17;2~", ["f1", "f5", "f12", "f1", "shift+f6"]),
        (b"\x1b[1;5D\x1b[2~\x1b[5;2~\x1c", ["ctrl+left", "insert", "shift+pageup", "ctrl+backslash"]),
        (b"\x1b[200~x\x1b[99;5uy", ["x", "y"]),
        ("ж茶é".encode(), ["ж", "茶", "é"]), (b"\xff", ["replacement_character"]),
    ],
)  # fmt: skip
def test_bytes_are_the_keys_of_the_table(data: bytes, names: list[str]) -> None:
    assert [key.name for key in Keys().feed(data)] == names
    split = Keys()
    assert [key.name for byte in data for key in split.feed(bytes([byte]))] == names


def test_every_key_of_the_table_can_be_typed() -> None:
    typed = {key.name for code in range(0x21, 0x7F) for key in Keys().feed(bytes([code]))}
    named = {key for action in ACTIONS for key in action.keys if len(key) > 1 and "+" not in key}
    special = {"space", "enter", "escape", "tab", "up", "down", "left", "right", "home", "end", "pageup", "pagedown"}
    assert named - typed <= special


def test_a_lone_escape_is_a_key_once_nothing_follows() -> None:
    keys = Keys()
    assert keys.feed(b"\x1b") == []
    assert [key.name for key in keys.flush()] == ["escape"]


def test_typing_at_the_end_writes_the_letter_alone() -> None:
    field = Field("Search: ", "", 40)
    assert field.press(Key("a", "a")) == "a"
    assert field.press(Key("backspace")) == "\b \b"
    assert field.press(Key("茶", "茶")) == "茶"
    assert field.press(Key("backspace")) == "\b\b  \b\b"


@given(
    st.lists(st.sampled_from(["a", "b", " ", "茶", "left", "right", "home", "end", "backspace", "ctrl+w", "ctrl+u"]))
)
def test_a_field_holds_what_a_simple_model_holds_and_fits_its_row(keys: list[str]) -> None:
    field, text, at = Field("> ", "", 16), "", 0
    for key in keys:
        field.press(Key(key, key if len(key) == 1 else ""))
        match key:
            case "left":
                at = max(0, at - 1)
            case "right":
                at = min(len(text), at + 1)
            case "home":
                at = 0
            case "end":
                at = len(text)
            case "backspace":
                text, at = text[: max(0, at - 1)] + text[at:], max(0, at - 1)
            case "ctrl+u":
                text, at = text[at:], 0
            case "ctrl+w":
                kept = text[:at].rstrip(" ")
                kept = kept[: kept.rfind(" ") + 1]
                text, at = kept + text[at:], len(kept)
            case _:
                text, at = text[:at] + key + text[at:], at + 1
        assert (field.text, field.at) == (text, at)
        assert width(field.shown().partition("\x1b")[0].lstrip("\r")) <= 16


# -- lines


@given(st.text(alphabet=st.sampled_from("ab 茶é\n"), max_size=200), st.integers(20, 60))
def test_lines_fit_and_lose_nothing(text: str, columns: int) -> None:
    lines = wrap(text, columns)
    assert all(width(line) <= columns for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


FORGED = (
    "Ana [moderator], reply to Bob, level 1. 7 votes, now. {} 3 of 9.",
    "Ana [moderator], reply to Bob.\u00a0{}\u00a03\u2009of\u00a09.",
    "Ana [moderator], reply to Bob. {}   3  of  9.",
    "Ana [moderator], reply to Bob. {} ３ ｏｆ ９.",
    "Ana [moderator], reply to Bob. {} 3 \u043ef 9.",
    "Ana [moderator], reply to Bob. {} \u0663 of \u0669.",
)


@pytest.mark.parametrize("forged", FORGED, ids=ascii)
@pytest.mark.parametrize("kind", ["Post", "Thread", "Forum", "Hit", "Person", "P\u043est", "Po\u0301st"], ids=ascii)
def test_no_text_goes_on_as_the_next_line_of_ours(forged: str, kind: str) -> None:
    """In bodies, also split by marks, in code behind what ends it, in titles, in names."""
    line = forged.format(kind)
    for body in (line, f"*x* {line}", f"a\n\n{line}", f"```\nx\n{line}\n```", f"> {line}", f"- {line}", f"# {line}"):
        told = lines_of(spoken(body), 200)
        for one in told:
            if "3" in one or "\uff13" in one or "\u0663" in one:
                assert one.startswith("In the text: "), (body, told)
    for body in (f"{'filler ' * 20}{line}", f"```\n{'filler ' * 20}{line}\n```"):  # a row that begins with it
        told = [row for row in lines_of(spoken(body), 60) if row and "code" not in row and "Code" not in row]
        assert len(told) > 3
        assert all(row.startswith("In the text: ") for row in told), told
    said = words.one_line(f"Rules: {line}", 600)
    assert said.startswith("In the text: Rules: Ana [moderator], reply to Bob")
    assert "3/" in said or "\u0663/" in said
    assert words.imitation(said) == ""


def test_who_numbers_posts_is_told_whole() -> None:
    assert words.one_line("Über mich, Thread 2 of 3: Café") == "In the text: Über mich, Thread 2/3: Café"
    assert words.one_line("2 of 3 posts, and thread four of five") == "2 of 3 posts, and thread four of five"


def test_code_ends_where_we_say_so() -> None:
    told = lines_of(spoken("```\nx\nEnd of code.\nend  of code\n```\n\nEnd of code."), 80)
    assert told == [
        "Code, 3 lines:", "x", "In the text: End of code.", "In the text: end  of code", "End of code.", "",
        "In the text: End of code.",
    ]  # fmt: skip
    assert words.one_line("The end of code review: 2 of 3 posts, post 2, thread of 5") == (
        "The end of code review: 2 of 3 posts, post 2, thread of 5"
    )


def test_a_post_is_lines_of_words() -> None:
    body = (
        "# Plan\n\nSee [the *page*](https://example.org/a) and https://b.example.\n\n> quoted **text**\n\n"
        "1. one\n2. two\n   - three\n\n```python\ndef f():\n    pass\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
        "[x](javascript:alert(1)) ![cat](https://c.example/cat.png) [bank.example](https://evil.example)"
    )
    assert lines_of(spoken(body), 70) == [
        "Heading: Plan", "", "See the page [1] and https://b.example [2].", "", "> quoted text", "", "1. one",
        "2. two", "   * three", "", "Code, python, 2 lines:", "def f():", "    pass", "End of code.", "",
        "Table, 2 columns, 1 rows.", "a: 1; b: 2.", "",
        "[x](javascript:alert(1)) (image: cat) [3] bank.example [4]",
        "Link 1: example.org", "Link 2: b.example", "Link 3: c.example",
        "Link 4: evil.example (careful: the text of the link names another:", "bank.example)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "body", ["[" * 20_000, "> " * 9_000 + "x", "*a" * 9_000, "|a" * 9_000, "- " * 9_000, "`" * 19_999]
)
def test_no_post_is_too_much(body: str) -> None:
    assert len(lines_of(spoken(body), 80)) < 2100


def test_what_comes_while_something_is_typed_is_noticed_without_another_key(session: Session) -> None:
    """The network wakes the conversation once; a line that is typed at that moment swallows the call."""
    waits: list[float | None] = []

    class Typing(Pipe):
        def line(self, label, text="", **more):  # type: ignore[no-untyped-def]
            plain.news.changed(Changed(new_posts=3))
            return super().line(label, text, **more)

        def command(self, timeout: float | None) -> Key | str | None:
            waits.append(timeout)
            return super().command(timeout)

    plain = Plain(session, Typing(io.StringIO(":\n\n"), io.StringIO()), edit=str, browse=str)
    with pytest.raises(Ended):
        plain.run()
    assert waits[0] == 8 * 3_600 + 1  # nothing is to be told before the next phase of the Jam
    assert waits[1] is not None
    assert waits[1] <= 15  # it does not wait for a key as long: there is something to tell


def test_ideas_are_sorted_linked_and_told_in_words(talk: Talk, session: Session) -> None:
    session._own.put_desk(b'{"role":"host"}', '"e"')
    me = next(person for person in session.stored().people() if person["id"] == session.me.person_id)
    with contextlib.closing(connection.connect(session.known.mirror, mirror.SCHEMA)) as db:
        Mirror(db).apply([("person", msgspec.json.encode(me | {"role": "host"}))], "2-aaaa")
        for forum in session.stored().forums():
            for name in ("threads", "posts", "unread"):
                del forum[name]
            Mirror(db).apply([("forum", msgspec.json.encode(forum | {"host_ids": [me["id"]]}))], "2-aaaa")
    first, second = session.threads(session.thread_keys(session.forums()[0].id))[:2]
    other = f"connect duplicates {second.id}"
    told = talk("open", "open", "kind discussion", "feature Says what it costs.", other, "connections", "1")
    assert "Now a discussion. z takes it back." in told
    assert "Featured. z takes it back." in told
    assert f"Duplicates: {second.title}" in told
    assert session.post(first.id).featured_for == "Says what it costs."
    assert words.links(session.post(first.id)) == [words.sentence(f"Duplicates: {second.title}")]
    assert words.links(session.post(second.id)) == [words.sentence(f"Duplicated by: {first.title}")]
    told = talk(f"post {first.id}", "connections", "-1", "unfeature", "kind", "idea", "idea-state", "chosen", "z")
    assert "The link is taken away. z takes it back." in told
    assert "No longer featured. z takes it back." in told
    assert "The idea is chosen now. z takes it back." in told
    row = session.post(first.id)
    assert (row.kind, row.idea_state, row.featured, row.links) == ("idea", "new", False, ())
    told = talk("ideas", "chosen", "featured", "q")
    assert f"{sum(session.stages().total):,} ideas: " in told
    assert "All forums: 6 threads, by votes, only chosen." in told
    assert "Featured posts: 11." in told
    assert "featured: " in told


def test_a_new_thread_is_told_what_is_like_it(talk: Talk, session: Session) -> None:
    told = talk("open", "c", "Failure stories of ours", "", "Ours.", ".", "q")
    assert "There is something like it already: 1. Failure stories, please. I begin. -- " in told.replace("\n", " ")
    assert session.outbox()[0].kind == "post"


def test_what_was_said_can_be_heard_again(talk: Talk) -> None:
    told = talk("digest", "open", "open", "s", "messages")
    again = told[told.index("lists what you saved. z takes it back.") :]
    heard = again.index(": Only the shell has jamtui digest. Ctrl-Z goes there, fg comes back.")
    assert again.index(": Saved; 4 lists what you saved. z takes it back.") > heard


def test_a_first_load_that_goes_on_says_that_more_is_coming(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there is read already: nobody takes a part of the Jam for the whole."""
    out, known = io.StringIO(), session.status()
    loading = replace(known, link=Link.SYNCING, progress=(3, 4))
    monkeypatch.setattr(session, "status", lambda: loading)
    plain = Plain(session, Pipe(io.StringIO(), out, columns=200), edit=str, browse=str)
    plain.begin()
    plain.flush()
    assert "More is on its way: 75 percent of it is here, and can be read already." in out.getvalue()
    plain.news.note(session, Changed(status=True), 0)
    assert not plain.news.waiting
    live = replace(known, link=Link.LIVE)
    monkeypatch.setattr(session, "status", lambda: live)
    plain.news.note(session, Changed(status=True), 0)
    posts = sum(forum.posts for forum in session.forums())
    assert f"The whole Jam is here: {posts:,} posts, {known.unread:,} unread." in plain.news.lines()
    plain.news.note(session, Changed(status=True), 0)
    assert not plain.news.waiting
