"""Search over everything, as one types: the newest hits at once, the best ones on demand, the words around each.

Nothing here waits: the session answers from threads of its own (`jamtui.searching`), the latest query wins, and rows
are made for the part of the list that is seen.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import ClassVar

from msgspec import Struct
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Static
from textual.widgets.input import Selection

from jamtui.actions import Where
from jamtui.errors import NotFound
from jamtui.keys import AS_DELIVERED, Keymap
from jamtui.model import Completion, Found, SearchHit
from jamtui.session import Session
from screens.type_ahead import hold_keys, release_keys
from widgets.at_once import AtOnce
from widgets.bindings import bindings
from widgets.compositor import SparingScreen
from widgets.dialog import Dialog
from widgets.fields import Field
from widgets.key_line import key_line
from widgets.lists import HitList
from widgets.row_list import RowList
from widgets.rows import Ages, age, count
from widgets.thread_order import NO_THREAD
from widgets.thread_reader import ThreadReader

_OPERATORS = 'tag: author: forum: thread:here since: before: is: has: lang: votes:   -not   "a phrase"   this OR that'
_NOTHING = "Nothing found."
PREVIEW_AFTER = 0.06  # seconds the cursor must rest before the thread beside it is drawn
_START = "Type to search every post of the Jam."
_OTHER = {"newest": "best", "best": "newest"}


class Chosen(Struct, frozen=True):
    """A hit that was opened: the answer it is of, and its place there."""

    found: Found
    at: int


class _Line(Static, AtOnce):  # Textual takes styles from the first alone
    """A line of words that is drawn anew only when they are others: with each letter most of them are the same."""

    def tell(self, words: Content) -> None:
        before = self.content
        if not (isinstance(before, Content) and (before.plain, before.spans) == (words.plain, words.spans)):
            self.update(words, layout=False)  # a layout costs a frame


class Search(SparingScreen[Chosen | None], Dialog[Chosen | None]):
    """Answers the hit that was opened; None when it was left."""

    CSS_PATH = "search.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("enter", "open", show=False, priority=True),
        Binding("down,ctrl+n", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("pagedown", "page(1)", show=False, priority=True),
        Binding("pageup", "page(-1)", show=False, priority=True),
        *bindings(Where.SEARCH, priority=True),
    ]

    class Answered(Message):
        """What the session found; posted from its threads."""

        def __init__(self, found: Found) -> None:
            super().__init__()
            self.found = found

    def __init__(
        self,
        session: Session,
        query: str = "",
        *,
        anew: bool = False,
        back_to: Chosen | None = None,
        ages: Ages = age,
        keymap: Keymap = AS_DELIVERED,
    ) -> None:
        """``query`` stands in the line at first; ``anew``: typing replaces it; ``back_to`` is the hit that one comes
        back from."""
        super().__init__()
        self._session = session
        self._ages = ages
        self._keymap = keymap
        self._query = back_to.found.text if back_to else query
        self._anew = anew and not back_to
        self._order = back_to.found.order if back_to else "newest"
        self._return_to = back_to.found.keys[back_to.at] if back_to else None
        self._found = Found("", "newest", ())
        self._made: dict[int, SearchHit] = {}
        self._settled = asyncio.Event()
        self._completion: Completion | None = None
        self._stem = ""  # what was typed before Tab went through the choices
        self._turn = -1
        self._keys_told = ""
        self._opening = False  # Enter was pressed before the answer was there
        self._recent = session.searching.recent()
        self._recalled = -1  # which of them stands in the line
        self._resting: Timer | None = None  # until the hit under the cursor is shown in its thread

    def compose(self) -> ComposeResult:
        with Vertical(id="search"):
            with Horizontal(id="search-line"):
                yield Static(Content("/"), id="search-slash")
                yield Field(self._query, id="query", compact=True, select_on_focus=False)
                yield _Line(id="search-count")
            yield _Line(id="search-note")
            with Horizontal(id="search-panes"):
                yield HitList(self._rows, self._session.now, self._ages)
                with Vertical(id="search-preview"):
                    yield ThreadReader(self._session.posts, self._session.now, ages=self._ages)
            yield Static(id="search-keys")

    def on_mount(self) -> None:
        rows = self.query_one(HitList)
        rows.can_focus = self.query_one(ThreadReader).can_focus = False
        self.query_one(ThreadReader).previewing = True  # what is only shown beside the hits is not read
        rows.empty = self._nothing("")
        field = self.query_one(Field)
        field.cursor_position = len(field.value)
        if self._anew and field.value:
            field.selection = Selection(0, len(field.value))  # what one types comes in its place
            self._recalled = 0 if self._recent[:1] == [field.value.strip()] else -1
        field.focus()
        self._tell_note()
        # The value rather than the field's message, which comes after the field was drawn: the answer is looked for
        # meanwhile.
        self.watch(field, "value", self._typed)

    # -- asking

    def _typed(self, text: str) -> None:
        self._ask()
        if self._turn < 0 or text != self._choice():
            self._turn = -1
            self._completion = self._session.searching.complete(text)
            self._stem = text
        if not (0 <= self._recalled < len(self._recent) and self._recent[self._recalled] == text):
            self._recalled = -1
        self._tell_note()

    @on(Input.Changed)
    def field_changed(self, event: Input.Changed) -> None:
        event.stop()  # `_typed` knows

    def _ask(self) -> None:
        self._settled.clear()
        self._session.searching.ask(self.query_one(Field).value, self._order, self._answer)
        if not any(worker.name == "search" and worker.is_running for worker in self.workers):
            self.run_worker(self._settled.wait(), name="search")  # so that one can wait for the whole answer

    def _answer(self, found: Found) -> None:
        """Called from the threads that search."""
        self.post_message(self.Answered(found))

    @on(Answered)
    def answered(self, message: Answered) -> None:
        found, shown = message.found, self._found
        if found.text != self.query_one(Field).value or found.order != self._order:
            return  # something else was typed meanwhile
        same = (found.text, found.order) == (shown.text, shown.order)
        if same and shown.total >= 0 > found.total:
            return  # the whole answer was faster
        rows = self.query_one(HitList)
        self._found = found
        self._made = {hit.post.key: hit for hit in found.hits}
        rows.empty = self._nothing(found.text)
        if same and rows.keys:
            rows.update_rows(found.keys, ())
        else:
            rows.set_rows(found.keys)
        if self._return_to is not None and rows.go_to(self._return_to):
            self._return_to = None
        self._tell_count()
        self._tell_note()
        if found.total >= 0:
            self._return_to = None
            self._settled.set()
        if self._opening:
            self._open()

    def _rows(self, keys: Sequence[int]) -> list[SearchHit]:
        missing = [key for key in keys if key not in self._made]
        if missing:
            self._made.update((hit.post.key, hit) for hit in self._session.searching.hits(missing, self._found.marks))
        return [self._made[key] for key in keys if key in self._made]

    # -- telling

    def _nothing(self, query: str) -> str:
        if not query.strip():
            recent = "".join(f"\n{one[:60]}" for one in self._recent[:5])
            return f"{_START}\n\n↑ brings back what you sought before:{recent}" if recent else _START
        if self._completion is not None or (not self._found.marks and self._found.problems):
            return "Nothing to search for yet."
        return f"{_NOTHING}\nFewer words find more; the last word may be a beginning."

    def _tell_count(self) -> None:
        found = self._found
        order = "newest first" if found.order == "newest" else "best first"
        if not found.text.strip() or (not found.keys and self._completion is not None):
            words = ""
        elif found.total < 0:
            words = f"{order}  …"
        elif found.total > len(found.keys):
            words = f"{order}  {len(found.keys):,} of {found.total:,} hits"
        else:
            words = f"{order}  {count(found.total, 'hit', 'hits')}"
        self.query_one("#search-count", _Line).tell(Content(words))

    def _tell_note(self) -> None:
        """One line: what Tab completes, else what was not understood, else what can be asked."""
        found, completion = self._found, self._completion
        note = Content.styled(_OPERATORS, "$text-muted")
        if completion is not None:
            note = self._choices(completion)
        elif found.problems and found.text == self.query_one(Field).value:
            note = Content.styled(f"! {'; '.join(found.problems)}", "$warning")
        self.query_one("#search-note", _Line).tell(note)
        self._tell_keys()

    def _choices(self, completion: Completion) -> Content:
        pieces: list[Content | tuple[str, str]] = [(f"{self._keymap.name('search-complete')} ", "bold $primary")]
        for number, (value, note) in enumerate(completion.choices):
            pieces.append((f" {value} ", "reverse" if number == self._turn else "$foreground"))
            if note:
                pieces.append((f"{note} ", "$text-muted"))
        return Content.assemble(*pieces)

    def _tell_keys(self) -> None:
        """What does something now: there are hits to open, words to complete."""
        mine = [("search-order", f"{_OTHER[self._order]} first")]
        mine += [("search-complete", "completes")] if self._completion is not None else []
        named = [(self._keymap.name(one), what) for one, what in mine if self._keymap.of(one)]
        hits = bool(self._found.keys)
        keys = [*([("Enter", "opens"), ("↑ ↓", "move")] if hits else []), *named]
        if self._roomy and hits:
            keys.append((self._keymap.fill("{next} {previous}"), "then go through the hits"))
        told = "   ".join(f"{key} {what}" for key, what in [*keys, ("Esc", "leaves")])
        if told != self._keys_told:
            self._keys_told = told
            self.query_one("#search-keys", Static).update(key_line(told), layout=False)  # it is one line high

    @property
    def _roomy(self) -> bool:
        return self.app.size.width >= 96

    def on_resize(self) -> None:
        self._tell_keys()
        self._preview()

    # -- going through hits

    @on(RowList.Opened)
    def opened(self, message: RowList.Opened) -> None:
        message.stop()
        self._open()

    @on(RowList.Highlighted)
    def moved(self, message: RowList.Highlighted) -> None:
        message.stop()
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(PREVIEW_AFTER, self._preview, name="preview")

    def _preview(self) -> None:
        """Shows the hit in its thread beside the list, where there is room for it."""
        self._resting = None
        reader, hit = self.query_one(ThreadReader), self.query_one(HitList).cursor_row
        if not self.query_one("#search-preview").display:
            return
        index = NO_THREAD
        if hit is not None:
            with contextlib.suppress(NotFound):  # it went away while the cursor rested
                index = self._session.thread_index(hit.post.thread_id)
        words = [text for text, marked in hit.snippet if marked] if hit is not None else []
        if hit is None or index.thread_id != reader.index.thread_id or tuple(words) != reader.words:
            reader.set_thread(index, cursor=hit.post.key if hit is not None else None, words=words)
        elif hit.post.key != reader.cursor_key:
            reader.go_to(hit.post.key)

    def action_open(self) -> None:
        self._open()

    def _open(self) -> None:
        """Opens the hit under the cursor; the answer to what was typed is waited for. Until the hit is shown, keys wait
        as well: they are meant for it."""
        hold_keys(self.app, lambda _: False)
        self._opening = self._found.text != self.query_one(Field).value
        if self._opening:
            return
        at = self.query_one(HitList).cursor_index
        if at >= 0:
            self._session.searching.remember(self._found.text)
            self.dismiss(Chosen(self._found, at))
        else:
            release_keys(self.app)

    def action_move(self, step: int) -> None:
        rows, field = self.query_one(HitList), self.query_one(Field)
        if step < 0 and rows.cursor_index <= 0 and (not field.value or self._recalled >= 0):
            self._recall(1)
        else:
            rows.move(step)

    def action_page(self, direction: int) -> None:
        self.query_one(HitList).page(direction)

    def action_leave(self) -> None:
        self.dismiss(None)

    # -- the line

    def _put(self, text: str) -> None:
        field = self.query_one(Field)
        field.value = text
        field.cursor_position = len(text)

    def _recall(self, step: int) -> None:
        to = self._recalled + step
        if -1 <= to < len(self._recent):
            self._recalled = to
            self._put(self._recent[to] if to >= 0 else "")

    def action_search_older(self) -> None:
        self._recall(1)

    def action_search_newer(self) -> None:
        self._recall(-1)

    def _choice(self) -> str:
        completion = self._completion
        if completion is None or self._turn < 0:
            return self._stem
        return self._stem[: completion.start] + completion.choices[self._turn][0]

    def action_search_complete(self, step: int = 1) -> None:
        """Puts the next choice in; the name of an operator at once offers its values."""
        completion = self._completion
        if completion is None:
            return
        self._turn = (self._turn + step) % len(completion.choices)
        text = self._choice()
        if len(completion.choices) == 1 or text.endswith(":"):
            self._turn = -1
        self._put(text)

    def action_search_order(self) -> None:
        """Best first, or newest first again."""
        self._order = _OTHER[self._order]
        self._tell_keys()
        self._ask()
