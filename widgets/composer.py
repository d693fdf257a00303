"""The composer: writes a reply, a new thread or a change of one's own post, and saves every draft as it is typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import msgspec.structs
from msgspec import Struct
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from jamtui.actions import Where
from jamtui.archive import KINDS, normal_tag, split_tags, tag_form
from jamtui.errors import JamError, UsageError, sentence
from jamtui.model import LINK_WORDS, Draft, DraftKind, Similar
from jamtui.safe_text import safe_line
from jamtui.tag_book import TagBook
from widgets.area import Area
from widgets.bindings import bindings
from widgets.drawn import drawn
from widgets.fields import Field, LastWord, StepField
from widgets.rows import KIND_SIGNS
from widgets.tag_hints import TagHints

# A draft is on the disk this long after the first key that changed it, at the latest: promised is one second.
SAVE_AFTER = 0.4
RETRY_AFTER = 1.0  # seconds between tries to save what could not be saved, typed or not
_WIDE = 60  # columns from which on fields say what they are for at length


class Desk(Struct, frozen=True):
    """What the composer may call; all of it is fast and local. ``send`` raises `JamError` and then keeps the draft."""

    save: Callable[[Draft, Draft], None]  # what is written now, and what was saved last
    send: Callable[[Draft], str]
    tags: Callable[[], TagBook]
    title_limit: int
    body_limit: int
    phase: str = ""  # one harmless line: which phase the Jam is in, and what that is for
    # Looks for threads that are like a title, off the screen's thread, and calls with the title and what was found.
    similar: Callable[[str, Callable[[str, tuple[Similar, ...]], object]], None] | None = None
    look_words: str = ""  # what key looks at them
    title_of: Callable[[str], str] = lambda post_id: post_id[:13]  # of a post that the new thread has a link to


class Composer(Vertical):
    """One draft at a time, at the foot of the thread. It is mounted when writing starts and removed when it ends."""

    class Sent(Message):
        """The draft is in the outbox."""

        def __init__(self, draft: Draft, outbox_id: str) -> None:
            super().__init__()
            self.draft = draft
            self.outbox_id = outbox_id

    class Closed(Message):
        """The composer was left; ``kept`` says that there is a draft."""

        def __init__(self, draft: Draft, kept: bool) -> None:
            super().__init__()
            self.draft = draft
            self.kept = kept

    class Alike(Message):
        """Threads that are like a title."""

        def __init__(self, title: str, found: tuple[Similar, ...]) -> None:
            super().__init__()
            self.title = title
            self.found = found

    class Look(Message):
        """The person wants to look at the threads that are like this one (`Composer.similar`)."""

    class Said(Message):
        """What was said lately is to be shown whole."""

    class Editor(Message):
        """The person wants to go on in an editor of their own."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(Where.COMPOSER),
        # The screen's own Tab, which goes to another pane, sleeps while one writes.
        Binding("tab", "field(1)", show=False),
        Binding("shift+tab", "field(-1)", show=False),
        Binding("down", "take_tag", show=False),
    ]

    def __init__(self, draft: Draft, heading: str, desk: Desk, *, titled: bool) -> None:
        """``heading`` says in harmless words what is being written; ``titled`` shows the field for a title."""
        super().__init__(id="composer")
        self._draft = draft
        self._saved = draft
        self._heading = heading
        self._desk = desk
        self._titled = titled
        self._timer: Timer | None = None
        self._abandoned = False
        self._failed: JamError | None = None  # what the last try to save met
        self._note: tuple[str, str] = ("", "")
        self._book: TagBook | None = None
        self.similar: tuple[Similar, ...] = ()
        self._sought = ""  # the title that was looked for last

    def compose(self) -> ComposeResult:
        with Horizontal(id="composer-head"):
            yield Static(self._head(), id="composer-heading")
            yield Static(id="composer-count")
        yield Static(id="composer-phase")
        low = self.app.size.width < _WIDE
        if self._titled:
            title = StepField(
                self._draft.title,
                placeholder="Title: what it is about" if low else "Title: one line that says what it is about",
                select_on_focus=False,
                id="title",
                compact=True,
            )
            title.step = self._next_field
            yield title
        if self._draft.kind is DraftKind.THREAD:
            tags = StepField(
                ", ".join(self._draft.tags),
                placeholder="Tags, with commas between" if low else "Tags, separated by commas (→ completes)",
                suggester=LastWord(self._fitting_tags),
                select_on_focus=False,
                id="tags",
                compact=True,
            )
            tags.step = self._next_field
            yield tags
            yield Static(id="composer-similar")
            yield TagHints()
        yield Area(
            self._draft.body,
            placeholder="Write in Markdown …",
            soft_wrap=True,
            tab_behavior="focus",
            compact=True,
            highlight_cursor_line=False,
            id="body",
        )
        with VerticalScroll(id="composer-preview"):
            yield Static(id="composer-drawn")
        yield Static(id="composer-note")

    def on_mount(self) -> None:
        # Stopped by Ctrl-Z a program may never come back.
        self.app.app_suspend_signal.subscribe(self, self._stopped)
        self.query_one("#composer-preview").display = False
        self.tell_state(self._desk.phase)
        area = self.query_one(Area)
        area.move_cursor(area.document.end)
        (self.query_one("#title") if self._titled and not self._draft.title else area).focus()
        self._count()
        if self._draft.kind is DraftKind.THREAD:
            self._show_similar()
            self._seek(self._draft.title)

    def _head(self) -> Content:
        """What is being written; of a new thread also what it is, and the key that makes it something else."""
        if self._draft.kind is not DraftKind.THREAD:
            return Content.assemble(("✎ ", "$accent"), (self._heading, "bold"))
        kind = self._draft.thread_kind or KINDS[0]
        return Content.assemble(
            ("✎ ", "$accent"), (f" {KIND_SIGNS[kind]} {kind} ", "reverse $accent"), ("  ", ""), (self._heading, "bold")
        )

    # -- threads that are like the new one

    def _seek(self, title: str) -> None:
        """Looks for threads like it, off the event loop, once typing rests."""
        title = title.strip()
        if self._desk.similar is None or title == self._sought:
            return
        self._sought = title
        if len(title) < 3:
            self.post_message(self.Alike(title, ()))
            return
        # From another thread, perhaps when the composer has been left.
        self._desk.similar(title, lambda text, found: self.post_message(self.Alike(text, found)))

    @on(Alike)
    def alike(self, event: Alike) -> None:
        if self.is_attached and event.title == self._sought:
            self.similar = event.found
            self._show_similar()

    @property
    def idle(self) -> frozenset[str]:
        """Ids of the composer's actions that do nothing with what is being written now."""
        if self._draft.kind is not DraftKind.THREAD:
            return frozenset({"thread-kind", "similar"})
        return frozenset() if self.similar else frozenset({"similar"})

    def _show_similar(self) -> None:
        """The links that it will have, and what is like it, a line each."""
        lines = [
            Content.assemble(("→ ", "$accent"), (f"{LINK_WORDS[kind][0]} ", "$text-muted"), self._desk.title_of(to))
            for kind, to in self._draft.links
        ]
        if self.similar:
            lines.append(Content.assemble(("Is it there already?", "$warning"), (self._desk.look_words, "$text-muted")))
        for one in self.similar:
            said = f"  {one.replies:,} {'reply' if one.replies == 1 else 'replies'} · {one.forum}"
            title = (" ".join(one.post.title.split()), "$foreground")
            lines.append(Content.assemble(("≈ ", "$warning"), title, (said, "$text-muted")))
        shown = self.query_one("#composer-similar", Static)
        shown.update(Content("\n").join(lines))
        shown.display = bool(lines)

    def link(self, kind: str, post_id: str) -> None:
        """The new thread will have this link; said once more, it will not."""
        links = self._draft.links
        one = (kind, post_id)
        kept = tuple(link for link in links if link != one) if one in links else (*links, one)
        self._draft = msgspec.structs.replace(self._draft, links=kept)
        self._show_similar()
        self.save_now()

    def action_thread_kind(self) -> None:
        if self._draft.kind is not DraftKind.THREAD:
            self.complain(UsageError("only a new thread is an idea, a question or a discussion"))
            return
        at = KINDS.index(self._draft.thread_kind or KINDS[0])
        self._draft = msgspec.structs.replace(self._draft, thread_kind=KINDS[(at + 1) % len(KINDS)])
        self.query_one("#composer-heading", Static).update(self._head())
        self.save_now()

    def action_said(self) -> None:
        self.post_message(self.Said())

    def action_similar(self) -> None:
        if self.similar:
            self.save_now()
            self.post_message(self.Look())
        else:
            self.complain(UsageError("no thread is like it", "It is looked for as the title is written."))

    # -- tags

    @property
    def _tags(self) -> TagBook:
        """Made when tags are written, once."""
        if self._book is None:
            self._book = self._desk.tags()
        return self._book

    def _fitting_tags(self, begin: str) -> list[str]:
        draft = self.draft
        found = self._tags.suggest(begin, f"{draft.title}\n{draft.body}", draft.tags, 20)
        return [one.name for one in found]

    def _hint_tags(self) -> None:
        """What may be meant, below the field while it has the keys."""
        if self._draft.kind is not DraftKind.THREAD:
            return
        field, hints = self.query_one("#tags", Field), self.query_one(TagHints)
        hints.display = field.has_focus
        if field.has_focus:
            draft = self.draft
            last = field.value.rpartition(",")[2].strip()
            have = [tag for tag in draft.tags if tag != tag_form(last)]
            hints.show(
                self._tags.warning(draft.tags),
                self._tags.suggest(last, f"{draft.title}\n{draft.body}", have, 20),
            )

    def action_take_tag(self) -> None:
        """The first of the tags that are offered, in place of what was begun of one."""
        if self._draft.kind is not DraftKind.THREAD or not (field := self.query_one("#tags", Field)).has_focus:
            return
        before, comma, last = field.value.rpartition(",")
        name = tag_form(last)
        first = self._tags.became(name) or self._tags.variant(name)
        if not first:
            taken = [tag for tag in self.draft.tags if tag != name]
            found = self._tags.suggest(last, f"{self.draft.title}\n{self.draft.body}", [*taken, name], 1)
            first = found[0].name if found else ""
        if first:
            field.value = f"{before}{comma}{' ' if comma else ''}{first}, "
            field.cursor_position = len(field.value)

    def on_descendant_focus(self) -> None:
        self._hint_tags()

    def _stopped(self, _: object) -> None:
        self.save_now()

    @property
    def draft(self) -> Draft:
        """What is written now."""
        changes: dict[str, object] = {"body": self.query_one(Area).text}
        if self._titled:
            changes["title"] = self.query_one("#title", Input).value
        if self._draft.kind is DraftKind.THREAD:
            changes["tags"] = split_tags(self.query_one("#tags", Input).value)
        return msgspec.structs.replace(self._draft, **changes)

    def save_now(self) -> Draft:
        """Puts the draft on the disk if it changed; returns it. Called on every leave. What could not be saved is told,
        and tried again until it is (`unsaved`)."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        draft = self.draft
        if draft != self._saved and not self._abandoned:
            try:
                self._desk.save(draft, self._saved)
            except JamError as error:
                self._failed = error
                self._note = ("not saved", "bold $error")
                self._count()
                self.complain(error)
                self._timer = self.set_timer(RETRY_AFTER, self.save_now, name="save-draft")
                return draft
            self._saved = draft
            self._say("draft saved", "$success")
        if self._failed is not None:
            self._failed = None
            self.query_one("#composer-note").display = False
        return draft

    def tell_state(self, phase: str, refusal: str = "") -> None:
        """One harmless line on how the Jam stands. ``refusal``: why what is written is not taken now; it stands there
        on the lowest terminal, too, for as long as that is so."""
        line = self.query_one("#composer-phase", Static)
        line.update(Content.styled(f"✗ {refusal}. The draft stays", "bold $error") if refusal else Content(phase))
        line.set_class(bool(refusal), "-refused")
        line.display = bool(refusal or phase)

    @property
    def kind(self) -> DraftKind:
        return self._draft.kind

    @property
    def unsaved(self) -> JamError | None:
        """Why what is written could not be put on the disk; None when it is there."""
        return self._failed if self.draft != self._saved and not self._abandoned else None

    def abandon(self) -> None:
        """From now on nothing is saved: somebody else decides about the draft."""
        self._abandoned = True

    def focus_body(self) -> None:
        self.screen.set_focus(self.query_one(Area))

    def replace_body(self, text: str) -> None:
        """What the editor brought back."""
        area = self.query_one(Area)
        area.text = text
        area.move_cursor(area.document.end)
        self.save_now()
        self.screen.set_focus(area)

    def complain(self, error: JamError) -> None:
        """An error, in place, until something is typed."""
        note = self.query_one("#composer-note", Static)
        title = sentence(error.title)
        note.update(
            Content.assemble((f"✗ {title}", "bold $error"), (f". {error.hint}" if error.hint else "", "$text-muted"))
        )
        note.display = True

    @on(TextArea.Changed)
    @on(Input.Changed)
    def typed(self) -> None:
        if self._failed is None:
            self.query_one("#composer-note").display = False
        if self._timer is None and self.draft != self._saved:
            self._say("", "")
            self._timer = self.set_timer(SAVE_AFTER, self.save_now, name="save-draft")
        self._count()
        self._hint_tags()
        if self._draft.kind is DraftKind.THREAD:
            self._seek(self.query_one("#title", Input).value)
        # Where a line has just wrapped, the area has scrolled by the height that it had before.
        self.call_after_refresh(self.query_one(Area).scroll_cursor_visible)

    def on_descendant_blur(self) -> None:
        if self.is_attached:
            self.save_now()

    def _next_field(self) -> None:
        """Enter in a field goes to the next."""
        self.action_field(1)

    def _say(self, text: str, colour: str) -> None:
        self._note = (text, colour)
        self._count()

    def _count(self) -> None:
        draft = self.draft
        length, limit = len(draft.body.strip()), self._desk.body_limit
        pieces: list[Content] = []
        if self._note[0]:
            mark = "✓" if self._failed is None else "✗"
            pieces += [Content.styled(f"{mark} {self._note[0]}", self._note[1]), Content("  ")]
        over = len(draft.title.strip()) - self._desk.title_limit
        if over > 0:
            pieces.append(Content.styled(f"title {over} too long  ", "bold $error"))
        for tag in draft.tags:
            try:
                normal_tag(tag)
            except ValueError as error:
                pieces.append(Content.styled(f"{error}  ", "bold $error"))
                break
        colour = "bold $error" if length > limit else "$warning" if length > limit * 0.9 else "$text-muted"
        pieces.append(Content.styled(f"{length:,}/{limit:,}", colour))
        self.query_one("#composer-count", Static).update(Content.assemble(*pieces))

    # -- actions, named in the table

    def action_send(self) -> None:
        draft = self.save_now()
        try:
            outbox_id = self._desk.send(draft)
        except JamError as error:
            self.complain(error)
            return
        self._saved = draft
        self.post_message(self.Sent(draft, outbox_id))

    def action_close(self) -> None:
        draft = self.save_now()
        if self.unsaved is not None:
            return  # it says why; what is written stays here until there is room for it
        self.post_message(self.Closed(draft, kept=not draft.empty))

    def action_field(self, step: int) -> None:
        """From field to field in a ring: the keys stay in the composer until it is closed."""
        fields: list[Widget] = [*self.query(Field), self.query_one(Area)]
        here = next((at for at, one in enumerate(fields) if one.has_focus), len(fields) - 1)
        self.screen.set_focus(fields[(here + step) % len(fields)])  # at once: keys typed ahead are for it

    def action_preview(self) -> None:
        preview, area = self.query_one("#composer-preview"), self.query_one(Area)
        showing = not preview.display
        if showing:
            self.query_one("#composer-drawn", Static).update(self._drawn())
        preview.display = showing
        area.display = not showing
        self.screen.set_focus(preview if showing else area)

    def _drawn(self) -> Content:
        draft, width = self.draft, max(20, self.size.width - 6)
        title = safe_line(draft.title.strip())
        body = drawn(draft.body, width) if draft.body.strip() else Content.styled("Nothing written yet.", "$text-muted")
        return Content.assemble((f"{title}\n\n" if title else "", "bold $primary"), body)

    def action_editor(self) -> None:
        self.save_now()
        self.post_message(self.Editor())


def quoted(text: str, author: str) -> str:
    """``text`` as a Markdown quotation, with who said it, and an empty line to write on."""
    lines = "\n".join(f"> {line}".rstrip() for line in text.strip().split("\n"))
    return f"{author} wrote:\n\n{lines}\n\n"
