"""Every place of the full screen that shows text, and how one comes to it in the home of `hostile_jam`.

Keys are those of both, the tests' terminal and Textual's pilot. Each walk begins in a list; a place is there when its
words (a regular expression) stand on the screen, and `leave` goes back to a list.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    name: str
    keys: tuple[str, ...]
    words: str
    leave: tuple[str, ...] = ()


def line(words: str) -> tuple[str, ...]:
    """A line of the ``:`` line."""
    return (":", *words, "enter")


ONE = ("escape",)
FIRST = str(uuid.uuid5(uuid.NAMESPACE_OID, "opener0"))  # the thread that has a link with every other
OTHER = str(uuid.uuid5(uuid.NAMESPACE_OID, "opener7"))  # of somebody else
PLACES = (
    Place("forums", ("1", "g"), r"What it is about"),
    Place("card of a forum", ("j", "j", "j"), r"│ *f3 "),
    Place("threads", ("g", "enter"), r"t155 "),
    Place("thread", ("T", "enter"), r"Space read on   r reply"),
    Place("new posts", ("2",), r"New posts"),
    Place("inbox", ("0",), r" Inbox +\d+ new"),
    Place("inbox, its reasons", ("f",), r"Show in the inbox", ONE),
    Place("a thread from the inbox", ("0", "j", "enter"), r"Space read on   r reply"),
    Place("mentions", ("3",), r"answer to you"),
    Place("saved posts", ("4",), r" Saved  +156"),
    Place("outbox", ("5",), r"What waits"),
    Place("followed", ("6",), r" Followed  +1\d\d"),
    Place("featured", line("featured"), r" Featured +1\d\d"),
    Place("links of a post", (*line(f"post {FIRST}"), "C"), r"answered by", ONE),
    Place("a link that is made", (*line(f"post {FIRST}"), "L", *"mark1"), r"objects to(.|\n)*mark1", ONE),
    Place("how ideas stand", ("1", "I"), r"How ideas stand", ONE),
    Place("hot now", ("H",), r"Hot now"),
    Place("all threads", ("T",), r"All forums"),
    Place("people", line("people"), r"Who it is"),
    Place("a person", ("j", "enter"), r"Space read on   r reply"),
    Place("who is from where", line("where-from"), r"Countries +\d+", ONE),
    Place("languages of everybody", (*line("where-from"), "G"), r"Languages +\d+", ONE),
    Place("your profile", line("profile"), r"Ctrl-S saves", ONE),
    Place("plan", ("P",), r"Plan for"),
    Place("posts with a tag", line("tag x"), r"(?s)tag:x.*Esc leaves", ONE),
    Place("order", ("T", "S"), r"Sort the threads by", ONE),
    Place("filter", ("T", "f", *"tag:"), r"Show only threads", ONE),
    Place("drafts", ("7",), r"Drafts(.|\n)*t\d+ ", ONE),
    Place("marks", line("muted"), r"Muted and followed", ONE),
    Place("tags of a post", ("4", "t"), r"find a tag, or write", ONE),
    Place("announcements", ("!",), r"Announcements +\d+", ONE),
    Place("polls", ("B",), r"Polls +\d+ open", ONE),
    Place("brief of a forum", ("1", "g", "enter", "v"), r"▾ Brief"),
    Place("search", ("/", *"mark1"), r"newest first +\d+ hits"),
    Place("best hits", ("ctrl+r",), r"best first +\d+ hits", ONE),
    Place("completion of a search", ("/", *"tag:", "tab"), r"(?s)/ tag:\S.*Esc leaves", ONE),
    Place("earlier searches", ("/", "up"), r"(?s)/ \S[^\n]*newest first.*Esc leaves", ONE),
    Place("help", ("?",), r"Keys", ONE),
    Place("palette", ("ctrl+p",), r"Search for commands", ONE),
    Place("completion of a command", (":", *"forum f1", "tab"), r":forum f1\S", ONE),
    Place("what was not found", line("forum nothing"), r"(?i)no forum"),
    Place("reply", ("4", "r"), r"Reply to", ONE),
    Place("quoted", ("4", "j", ">"), r"(?s)Reply to.*> "),
    Place("preview", ("ctrl+r",), r"▎", ONE),
    Place("both versions", ("5", "G", "r"), r"It was changed meanwhile", ONE),
    Place("what was done", ("4", "m"), r"[Mm]uted: "),
    Place("last messages", ("w",), r"Last messages +\d+(.|\n)*[Mm]uted: ", ONE),
)
# Of a moderator, whose desk has them, too; a notice stands above them all.
MODERATED = (
    Place("a notice above", ("1",), r"A moderator warns you|was hidden by a moderator"),
    Place("notices", ("N",), r"Notices +\d+", ONE),
    Place("reports", line("reports"), r"Reports +\d+ ", ONE),
    Place("audit log", line("audit"), r"Audit log +\d+", ONE),
    Place("hidden posts", line("hidden"), r"Hidden posts +\d+", ONE),
    Place("acts on a post", (*line(f"post {FIRST}"), "M"), r"What is to be done"),
    Place("where a thread goes", ("m",), r"where to\?", ONE),
    Place("into which thread", ("g", *"t1"), r"into which thread\?", ONE),
    Place("the acts again", (), r"What is to be done", ONE),
    Place("a report", (*line(f"post {OTHER}"), "R"), r"Report to the moderators", ONE),
    Place("why it is featured", ("*",), r"Why is it worth", ONE),
    Place("hand-over", line("hand-over"), r"Hand-over", ONE),
    Place("a curated tag", line("tag-curate tag"), r"(?i)suggested first", ONE),
    Place("merging a tag", line("tag-merge tag"), r"(?i)merge", ONE),
    Place("how a brief changed", ("1", "g", *line("brief-history")), r"Changes of the brief +\d+", ONE),
    Place("a brief", ("1", "g", *line("brief")), r"Ctrl-S", ONE),
    Place("a poll", line("poll"), r"(?i)ask", ONE),
    Place("how the Jam stands", line("jam"), r"new threads", ONE),
    Place("hosts of links", line("hosts"), r"open without a question", ONE),
    Place("links of a post", (*line(f"post {FIRST}"), "j", "o"), r"(?i)link|No link"),
)
