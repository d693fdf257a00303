"""The table of everything that a person can do in the TUI, and the keys that do it.

Bindings of screens, the help screen, the command palette, the ``:`` line, the row of hints and `docs/keys.md` are all
made from `ACTIONS`, so they cannot disagree. The table knows no screen library; keys are spelled as Textual names them
and `jamtui.keys` turns them into what stands on the keyboard.
"""

from __future__ import annotations

import difflib
import enum

from msgspec import Struct


class Where(enum.StrEnum):
    """The places in which an action works; each is a set of bindings."""

    APP = "anywhere"
    JAM = "the Jam"  # lists and threads alike
    OUTBOX = "outbox"
    COMPOSER = "composer"
    SEARCH = "search"
    HELP = "help"


class Group(enum.StrEnum):
    """Headings of the help, in its order."""

    MOVE = "Move"
    READ = "Read on"
    WRITE = "Write"
    MARK = "Mark and take along"
    IDEAS = "Ideas"
    PLACES = "Places"
    WAYS = "Ways through"
    SEARCH = "Search"
    OUTBOX = "Outbox"
    HOSTS = "Hosts"
    MODERATION = "Moderation"
    PROGRAM = "Program"


class Action(Struct, frozen=True):
    """One thing to do.

    ``id`` names it on the ``:`` line and is the id of its binding; the method that does it is ``action_<method>``.
    ``hint`` ranks it in the row of hints, smaller first; 0 keeps it out. ``argument`` names what the ``:`` line takes
    after the id ("" for nothing); with a "?" in front it may be left out.
    """

    id: str
    keys: tuple[str, ...]
    group: Group
    label: str
    help_words: str  # with the names of actions in braces where their keys belong: see `Keymap.fill`
    where: tuple[Where, ...] = (Where.JAM,)
    hint: int = 0
    argument: str = ""

    @property
    def method(self) -> str:
        return self.id.replace("-", "_")


_J, _O, _C, _S, _H, _A = Where.JAM, Where.OUTBOX, Where.COMPOSER, Where.SEARCH, Where.HELP, Where.APP
_BOTH = (_J, _O)

SORTS = ("active", "new", "votes", "replies", "state", "unanswered")

ACTIONS: tuple[Action, ...] = (
    # Move
    Action("down", ("j", "down"), Group.MOVE, "down", "Move one row or line down.", _BOTH),
    Action("up", ("k", "up"), Group.MOVE, "up", "Move one row or line up.", _BOTH),
    Action(
        "first",
        ("g", "home"),
        Group.MOVE,
        "first",
        "Go to the first row, or the top of the thread; marks nothing.",
        _BOTH,
    ),
    Action(
        "last", ("G", "end"), Group.MOVE, "last", "Go to the last row, or the end of the thread; marks nothing.", _BOTH
    ),
    Action("page-down", ("pagedown", "ctrl+f"), Group.MOVE, "page down", "Move a page down.", _BOTH),
    Action("page-up", ("pageup", "ctrl+b"), Group.MOVE, "page up", "Move a page up.", _BOTH),
    Action("half-page-down", ("ctrl+d",), Group.MOVE, "half a page down", "Move half a page down.", _BOTH),
    Action("half-page-up", ("ctrl+u",), Group.MOVE, "half a page up", "Move half a page up.", _BOTH),
    Action("open", ("enter",), Group.MOVE, "open", "Open the forum, the thread or the post.", _BOTH, hint=1),
    Action("back", ("escape",), Group.MOVE, "back", "Go back, as far as the list of forums.", _BOTH, hint=9),
    Action("leave", ("q",), Group.MOVE, "back, leave", "Go back; from the list of forums, leave jamtui.", _BOTH),
    Action("next-pane", ("tab",), Group.MOVE, "next pane", "Go to the next pane.", _BOTH),
    Action("previous-pane", ("shift+tab",), Group.MOVE, "previous pane", "Go to the pane before.", _BOTH),
    Action("fold", ("h", "left"), Group.MOVE, "fold", "Fold the replies of the post; again: go to its parent."),
    Action("unfold", ("l", "right"), Group.MOVE, "unfold", "Unfold the replies of the post."),
    Action("shift-right", ("full_stop",), Group.MOVE, "see the right", "Move wide tables and code of the post left."),
    Action("shift-left", ("comma",), Group.MOVE, "see the left", "Move them back."),
    # Read on
    Action(
        "read-on",
        ("space",),
        Group.READ,
        "read on",
        "Page on; at the end, the next unread post, then the next thread and forum with something unread.",
        _BOTH,
        hint=2,
    ),
    Action("read-back", ("b",), Group.READ, "page back", "Page back.", _BOTH),
    Action(
        "next",
        ("n",),
        Group.READ,
        "next unread",
        "Next unread post, one by one: reads the post it leaves; while a search is shown, the next hit.",
        hint=5,
    ),
    Action(
        "previous", ("p",), Group.READ, "previous", "Previous unread post; while a search is shown, the hit before."
    ),
    Action("next-thread", ("J",), Group.READ, "next thread", "From a thread to the next of its list, read or not."),
    Action("previous-thread", ("K",), Group.READ, "thread before", "From a thread to the one before it in its list."),
    Action("next-forum", ("right_square_bracket",), Group.READ, "next forum", "Next forum with something unread."),
    Action("previous-forum", ("left_square_bracket",), Group.READ, "previous forum", "Forum with unread before this."),
    Action("toggle-read", ("u",), Group.READ, "read or not", "Mark the post or thread read, or unread again."),
    Action(
        "all-read",
        ("A",),
        Group.READ,
        "all read",
        "Mark all that is listed, or the open thread, read; {undo} takes it back.",
    ),
    # Write
    Action("new-thread", ("c",), Group.WRITE, "new thread", "Open a new thread in this forum.", hint=6),
    Action("reply", ("r",), Group.WRITE, "reply", "Answer this post.", hint=3),
    Action("quote", ("greater_than_sign",), Group.WRITE, "quote", "Answer this post with its text quoted."),
    Action("edit", ("e",), Group.WRITE, "edit", "Change a post of your own; in the outbox, take it back to change it."),
    Action("delete", ("D",), Group.WRITE, "delete", "Take back a post of your own, after a question."),
    Action("send", ("ctrl+s",), Group.WRITE, "send", "Send what is written.", (_C,), hint=1),
    Action(
        "preview",
        ("ctrl+r",),
        Group.WRITE,
        "preview",
        "Show the post as readers will see it, or the text again.",
        (_C,),
        hint=5,
    ),
    Action("editor", ("ctrl+o",), Group.WRITE, "editor", "Write on in $VISUAL or $EDITOR.", (_C,), hint=6),
    Action(
        "thread-kind",
        ("ctrl+t",),
        Group.WRITE,
        "idea or question",
        "Make the new thread an idea, a question or a discussion, in turn.",
        (_C,),
        hint=3,
    ),
    Action(
        "similar",
        ("ctrl+g",),
        Group.WRITE,
        "similar ones",
        "Look at the threads that are like the new one: read them, link to them, or go there; the draft stays.",
        (_C,),
        hint=4,
    ),
    Action(
        "said",
        ("ctrl+l",),
        Group.WRITE,
        "last messages",
        "What the last line said lately, whole; what is written stays.",
        (_C,),
    ),
    Action("close", ("escape",), Group.WRITE, "keep draft", "Close the composer; the draft stays.", (_C,), hint=2),
    Action("discard", (), Group.WRITE, "discard draft", "Throw the draft of this place away; {undo} takes it back."),
    # Mark and take along
    Action("vote", ("plus",), Group.MARK, "vote", "Vote for the post.", hint=4),
    Action("unvote", ("minus",), Group.MARK, "take back vote", "Take the vote back."),
    Action("tags", ("t",), Group.MARK, "tags", "Put tags on the post, or take them off.", hint=7),
    Action(
        "tag-curate",
        (),
        Group.MARK,
        "curate tags",
        "For hosts: the tags that are suggested first, and what they mean.",
        _BOTH,
        argument="?TAG",
    ),
    Action(
        "tag-merge",
        (),
        Group.MARK,
        "merge tags",
        "For hosts: make a tag another one, on all posts and from now on; {undo} takes that back for new posts.",
        _BOTH,
        argument="?TAG",
    ),
    Action("save", ("s",), Group.MARK, "save", "Keep the post on the list of saved posts, or take it off."),
    Action(
        "mute",
        ("m",),
        Group.MARK,
        "mute",
        "Mute the thread, a #tag or an @person, or no longer: not counted as unread, passed over by {read-on} "
        "and {next}.",
        argument="?WHAT",
    ),
    Action(
        "follow",
        ("F",),
        Group.MARK,
        "follow",
        "Follow the thread, a #tag or an @person, or no longer: marked in the lists.",
        argument="?WHAT",
    ),
    Action("link", ("o",), Group.MARK, "open link", "Open a link of the post, after a question that names the host."),
    Action("copy", ("y",), Group.MARK, "copy text", "Copy what is selected with the mouse, else the text of the post."),
    Action("copy-address", ("Y",), Group.MARK, "copy address", "Copy the address of the post."),
    Action("undo", ("z",), Group.MARK, "undo", "Take back what was done last; again: what was done before it.", _BOTH),
    # Ideas
    Action(
        "connect",
        ("L",),
        Group.IDEAS,
        "link to a post",
        "Say how the post stands to another: it builds on it, duplicates it, objects to it or answers it.",
        argument="?LINK",
    ),
    Action(
        "connections",
        ("C",),
        Group.IDEAS,
        "its links",
        "The links of the post in both directions: follow one, or take it away.",
    ),
    Action(
        "kind",
        (),
        Group.IDEAS,
        "what it is",
        "Say what the thread is: an idea, a question or a discussion; its author and hosts do.",
        argument="?KIND",
    ),
    Action(
        "idea-state",
        (),
        Group.IDEAS,
        "how far it is",
        "Say how far the idea is: new, discussed, refined or chosen; hosts do.",
        argument="?STATE",
    ),
    Action(
        "feature",
        ("asterisk",),
        Group.IDEAS,
        "feature",
        "Feature the post with a reason, or no longer; hosts do.",
        argument="?REASON",
    ),
    Action("unfeature", (), Group.IDEAS, "feature no longer", "Feature the post no longer; hosts do."),
    Action("ideas", ("I",), Group.IDEAS, "how ideas stand", "How many ideas are how far, as a picture.", _BOTH),
    Action("featured", (), Group.IDEAS, "featured", "The posts that hosts feature, and why.", _BOTH),
    # Places
    Action(
        "inbox",
        ("0",),
        Group.PLACES,
        "inbox",
        "What is for you: answers, mentions, what you follow, announcements; a row a thread.",
        _BOTH,
        argument="?REASON",
    ),
    Action("forums", ("1",), Group.PLACES, "forums", "The forums of the Jam.", _BOTH),
    Action("live", ("2",), Group.PLACES, "live", "All new posts as they come.", _BOTH),
    Action("mentions", ("3",), Group.PLACES, "mentions", "Posts that answer you or name you.", _BOTH),
    Action("saved", ("4",), Group.PLACES, "saved", "Posts that you saved.", _BOTH),
    Action(
        "followed",
        ("6",),
        Group.PLACES,
        "followed",
        "New posts of the threads, people and tags that you follow.",
        _BOTH,
    ),
    Action("muted", (), Group.PLACES, "muted", "What is muted and what is followed, to take it off again.", _BOTH),
    Action("hosts", (), Group.PLACES, "hosts", "Hosts whose links open without a question, to ask again.", _BOTH),
    Action(
        "jam",
        (),
        Group.PLACES,
        "the Jam",
        "How the Jam stands: the countdown, its phases, what you may do now, and its hours everywhere.",
        _BOTH,
    ),
    Action("outbox", ("5",), Group.PLACES, "outbox", "What you wrote and the server has not confirmed.", _BOTH),
    Action(
        "notify",
        (),
        Group.PLACES,
        "notifications",
        "How you are told of what came for you; :notify test tries it.",
        _BOTH,
        argument="?TEST",
    ),
    Action("drafts", ("7",), Group.PLACES, "drafts", "What you have not sent, and what was thrown away.", _BOTH),
    Action(
        "search",
        ("slash",),
        Group.PLACES,
        "search",
        "Search everything, as you type.",
        _BOTH,
        hint=8,
        argument="?WORDS",
    ),
    Action("forum", (), Group.PLACES, "forum", "Go to a forum by its name.", _BOTH, argument="FORUM"),
    Action("tag", (), Group.PLACES, "tag", "Show the posts that carry a tag.", _BOTH, argument="TAG"),
    Action(
        "post", (), Group.PLACES, "post", "Go to a post by its id, or its first six characters.", _BOTH, argument="ID"
    ),
    # Ways through the Jam
    Action("sort-by", ("S",), Group.WAYS, "sort", "Choose the order of the threads.", hint=9),
    Action("sort", (), Group.WAYS, "sort by", f"Sort the threads: {', '.join(SORTS)}.", _BOTH, argument="ORDER"),
    Action(
        "filter",
        ("f",),
        Group.WAYS,
        "filter",
        "Show only threads by tag, author, language, time, with code or unread; in the list of forums, of all forums.",
        hint=9,
        argument="?FILTER",
    ),
    Action("filter-clear", ("x",), Group.WAYS, "clear filter", "Show all threads again; {undo} takes it back."),
    Action("threads", ("T",), Group.WAYS, "all threads", "The threads of all forums in one list.", _BOTH),
    Action("hot", ("H",), Group.WAYS, "hot now", "The threads that people are in right now.", _BOTH),
    Action("people", (), Group.WAYS, "people", "Everybody, those with the most posts first.", _BOTH),
    Action(
        "person",
        ("i",),
        Group.WAYS,
        "who is this",
        "The page of the post's author, or of somebody by handle.",
        _BOTH,
        argument="?HANDLE",
    ),
    Action(
        "profile",
        (),
        Group.WAYS,
        "your profile",
        "Who you are to others: name, organisation, country, languages, about you; with a handle, that person's page.",
        _BOTH,
        argument="?HANDLE",
    ),
    Action(
        "where-from",
        (),
        Group.WAYS,
        "who is from where",
        "Countries, organisations and languages of everybody, as bars.",
        _BOTH,
    ),
    Action(
        "plan",
        ("P",),
        Group.WAYS,
        "reading plan",
        "What to read in the minutes that you have (15): the unread posts most worth it.",
        _BOTH,
        argument="?MINUTES",
    ),
    # Search
    Action(
        "search-complete",
        ("tab",),
        Group.SEARCH,
        "complete",
        "Complete the operator or its value; again: the next.",
        (_S,),
    ),
    Action("search-order", ("ctrl+r",), Group.SEARCH, "order", "Best hits first, or the newest first again.", (_S,)),
    Action(
        "search-older",
        ("ctrl+up",),
        Group.SEARCH,
        "older search",
        "Bring back an earlier search; ↑ in an empty line does, too.",
        (_S,),
    ),
    Action("search-newer", ("ctrl+down",), Group.SEARCH, "newer search", "Bring back a later search.", (_S,)),
    # Outbox
    Action(
        "retry",
        ("r",),
        Group.OUTBOX,
        "retry",
        "Try again now; where a post was changed meanwhile, show both versions and choose.",
        (_O,),
        hint=1,
    ),
    Action("reopen", ("e",), Group.OUTBOX, "edit", "Take it back into the composer and change it.", (_O,), hint=2),
    Action("drop", ("D",), Group.OUTBOX, "drop", "Do not send it; {undo} takes that back.", (_O,), hint=3),
    # Hosts, and what they put into the Jam
    Action(
        "announcements",
        ("exclamation_mark",),
        Group.PLACES,
        "announcements",
        "What hosts announced (Jam alerts), the newest first.",
        _BOTH,
        argument="?CHANGE N",
    ),
    Action(
        "put-away", ("X",), Group.PLACES, "put away", "Put the alert at the top away; {announcements} has it.", _BOTH
    ),
    Action(
        "polls",
        ("B",),
        Group.PLACES,
        "polls",
        "Quick polls with their results; a number chooses. Hosts end the second of them with :polls close 2.",
        _BOTH,
        argument="?CLOSE N",
    ),
    Action("brief-fold", ("v",), Group.READ, "brief", "Show the brief of the forum whole, or one line of it again."),
    Action(
        "brief",
        (),
        Group.HOSTS,
        "write the brief",
        "Change the brief of this forum, or of the one that is named. For its hosts; others read it.",
        _BOTH,
        argument="?FORUM",
    ),
    Action(
        "brief-history",
        (),
        Group.HOSTS,
        "changes of the brief",
        "Who changed the brief of this forum, or of the one that is named, and what it said before. For its hosts.",
        _BOTH,
        argument="?FORUM",
    ),
    Action(
        "poll",
        (),
        Group.HOSTS,
        "ask a poll",
        "Ask everybody something, or those of the forum that is named. For hosts.",
        _BOTH,
        argument="?FORUM",
    ),
    Action(
        "unanswered",
        ("U",),
        Group.HOSTS,
        "unanswered",
        "Threads of your forums that nobody answered, the longest waiting first; {reply} answers. For hosts.",
        _BOTH,
    ),
    Action(
        "hand-over",
        (),
        Group.HOSTS,
        "hand over",
        "What happened in your forums since your last shift, to hand on. For hosts.",
        _BOTH,
    ),
    Action(
        "announce",
        (),
        Group.HOSTS,
        "announce",
        "Tell everybody something, or those of the forum that is named. For hosts.",
        _BOTH,
        argument="?FORUM",
    ),
    # Moderation
    Action("report", ("R",), Group.MODERATION, "report", "Tell the moderators of a post that should not be there."),
    Action(
        "reports", (), Group.MODERATION, "reports", "What you reported; for moderators, what is to be decided.", _BOTH
    ),
    Action(
        "notices",
        ("N",),
        Group.MODERATION,
        "notices",
        "What moderators tell you: about your posts, your reports, yourself.",
        _BOTH,
    ),
    Action(
        "moderate",
        ("M",),
        Group.MODERATION,
        "moderate",
        "Hide, remove, lock, move, merge, warn or suspend, with a reason; {undo} takes it back. For moderators; hosts "
        "lock, move and merge.",
    ),
    Action(
        "audit",
        (),
        Group.MODERATION,
        "audit log",
        "What was done, by whom and why, to undo it. For moderators; hosts see their own.",
        _BOTH,
    ),
    Action(
        "hidden",
        (),
        Group.MODERATION,
        "hidden posts",
        "Posts of yours that are hidden; for moderators all of them, to show them again.",
        _BOTH,
    ),
    # Program
    Action("command", ("colon",), Group.PROGRAM, "command line", "Type the name of an action.", _BOTH, hint=0),
    Action(
        "reconnect",
        ("ctrl+r",),
        Group.PROGRAM,
        "connect anew",
        "Connect to the server now, unless it asked to be left alone.",
        _BOTH,
    ),
    Action(
        "sign-in",
        (),
        Group.PROGRAM,
        "sign in",
        "Sign in to write, where you read as a guest; what you read and saved stays yours.",
        _BOTH,
    ),
    Action(
        "messages",
        ("w",),
        Group.PROGRAM,
        "last messages",
        "What the last line said lately, whole, with the time: it has no room for long words.",
        _BOTH,
    ),
    Action("help", ("question_mark",), Group.PROGRAM, "help", "All keys.", _BOTH, hint=8),
    Action("palette", ("ctrl+p",), Group.PROGRAM, "palette", "Find an action by its name.", (_A,)),
    Action(
        "my-data",
        (),
        Group.PROGRAM,
        "all that is yours",
        "Everything that the Jam and this device have of you, in a file of yours.",
        _BOTH,
        argument="?FILE",
    ),
    Action(
        "delete-account",
        (),
        Group.PROGRAM,
        "delete your account",
        "End your account, after a question: your name goes from the Jam, and your posts if you say so.",
        _BOTH,
    ),
    Action(
        "theme",
        (),
        Group.PROGRAM,
        "theme",
        "Change the colours: dark, light, high-contrast, ansi, or a theme's name.",
        (_A,),
        argument="?THEME",
    ),
    Action("suspend", ("ctrl+z",), Group.PROGRAM, "to the shell", "Stop jamtui for now; fg brings it back.", (_A,)),
    Action("quit", ("ctrl+q",), Group.PROGRAM, "quit", "Leave jamtui. Drafts and the outbox stay.", (_A,)),
)

BY_ID = {action.id: action for action in ACTIONS}

# Commands that are no names of actions, and the action that does the same here, if there is one.
SHELL = {
    "auth": "",
    "ballot": "polls",
    "completion": "",
    "config": "",
    "demo": "",
    "digest": "",
    "doctor": "",
    "export": "",
    "jams": "",
    "login": "sign-in",
    "logout": "",
    "mark-read": "toggle-read",
    "mark-unread": "toggle-read",
    "mydata": "my-data",
    "show": "post",
    "state": "",
    "sync": "reconnect",
    "unfollow": "follow",
    "unmute": "mute",
    "unsave": "save",
    "untag": "tags",
    "watch": "live",
}


def unknown(name: str) -> tuple[str, str]:
    """What to say of ``name``, harmless, which no action has: a title and a hint with names in braces."""
    if name not in SHELL:
        near = difflib.get_close_matches(name, BY_ID, 1)
        best = f"Did you mean :{near[0]}? " if near else ""
        return f"no action is called {name}", f"{best}{{help}} shows all of them."
    if SHELL[name]:
        return f"no action is called {name}", f"{{{SHELL[name]}}} does that here."
    return f"only the shell has jamtui {name}", "{suspend} goes there, fg comes back."


def actions_of(where: Where) -> tuple[Action, ...]:
    """The actions that work in one place."""
    return tuple(action for action in ACTIONS if where in action.where)


def complete(line: str, arguments: dict[str, list[str]]) -> list[str]:
    """Completions of the ``:`` line, whole lines, best first.

    ``arguments`` gives the words that each kind of argument may be, by `Action.argument` without its "?".
    """
    name, space, rest = line.partition(" ")
    if not space:
        return sorted(a.id for a in ACTIONS if a.id.startswith(name))
    action = BY_ID.get(name)
    if action is None or not action.argument:
        return []
    words = arguments.get(action.argument.lstrip("?"), [])
    return [f"{name} {word}" for word in words if word.casefold().startswith(rest.casefold())]
