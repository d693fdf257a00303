"""Writing in plain mode, a line at a time: every change is on the disk within a second, whatever comes next.

A full stop alone on a line sends, as in mail programs from the first days on; so does Ctrl-S. Up and Down go to other
lines of the text, Backspace at the beginning of a line joins it to the one before.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from jamtui.actions import Where, actions_of
from jamtui.archive import KINDS, split_tags
from jamtui.errors import JamError, sentence
from jamtui.keys import AS_DELIVERED, Keymap
from jamtui.model import LINK_WORDS, Draft, DraftKind, Similar
from jamtui.plain import words
from jamtui.plain.console import Console
from jamtui.plain.markdown import lines_of, spoken
from jamtui.plain.wrap import wrap
from jamtui.safe_text import safe_block, safe_line
from jamtui.session import Session

_LEFT = "left"  # what a handler answers when the composer is to be left


class Composer:
    """One draft. `run` answers the outbox row that it became, or "". ``kept`` says that there is a draft now."""

    def __init__(
        self,
        session: Session,
        console: Console,
        edit: Callable[[str], str],
        draft: Draft,
        heading: str,
        *,
        titled: bool,
        keymap: Keymap = AS_DELIVERED,
    ) -> None:
        self._session = session
        self._console = console
        self._edit = edit
        self._draft = draft
        self._saved = draft
        self._heading = heading
        self._titled = titled
        self._lines = draft.body.split("\n")
        self._at = len(self._lines) - 1
        self._outbox_id = ""
        self._keymap = keymap
        self._keys = {key: action.method for action in actions_of(Where.COMPOSER) for key in keymap.of(action.id)}

    @property
    def kept(self) -> bool:
        return not self._draft.empty

    def run(self) -> str:
        try:
            self._tell(self._heading)
            if self._titled and not self._ask_title():
                return ""
            self._tell_begin()
            while not self._outbox_id and self._line() != _LEFT:
                pass
        finally:
            self._save()
        return self._outbox_id

    def _tell(self, *texts: str) -> None:
        self._console.tell([line for text in texts for line in wrap(text, self._console.columns)])

    # -- title and tags

    def _ask_title(self) -> bool:
        """Title and tags of a thread; False when it was left."""
        typed = self._console.line("Title: ", self._draft.title, rested=lambda text: self._keep(title=text))
        self._keep(title=typed.text)
        if typed.key == "escape":
            return False
        if self._draft.kind is not DraftKind.THREAD:
            return True
        if found := self._session.similar(typed.text):
            self._tell_similar(found)
            if self._console.keyed and self._keymap.of("similar"):
                self._tell(words.fill("In the text, {similar} reads one of them or links to it.", self._keymap))
        book = self._session.tag_book(self._draft.target)
        if curated := [tag.name for tag in self._session.curated_tags()]:
            self._tell(f"Curated tags: {', '.join(curated)}.")

        def complete(text: str) -> list[str]:
            before, comma, last = text.rpartition(",")
            begin = last.strip().lower().lstrip("#")
            found = book.suggest(begin, self._draft.title) if begin else []
            return [f"{before}{comma}{' ' if comma else ''}{one.name}" for one in found if one.name.startswith(begin)]

        typed = self._console.line(
            "Tags, commas between them: ", ", ".join(self._draft.tags), complete=complete,
            rested=lambda text: self._keep(tags=split_tags(text)),
        )  # fmt: skip
        self._keep(tags=split_tags(typed.text))
        if warning := book.warning(self._draft.tags):
            self._tell(f"{warning[:1].upper()}{warning[1:]}.")
        return typed.key != "escape"

    # -- the text

    def _tell_begin(self) -> None:
        if self._console.keyed:
            leaves = "{close}" if self._keymap.of("close") else "Escape"
            editor = "{editor} opens your editor, " if self._keymap.of("editor") else ""
            how = words.fill(
                f"Write. A full stop alone on a line sends, {editor}{leaves} keeps a draft and leaves.", self._keymap
            )
            if self._draft.kind is DraftKind.THREAD and self._keymap.of("thread-kind"):
                kind = self._draft.thread_kind or KINDS[0]
                how += words.fill(f" It is {'an' if kind == 'idea' else 'a'} {kind}: {{thread-kind}} changes that.",
                                  self._keymap)  # fmt: skip
        else:
            how = "Write. A full stop alone on a line sends; the end of the input keeps a draft."
        if not self._console.keyed and self._lines[-1]:
            self._lines.append("")  # a line that comes is whole: nothing can be typed on behind the last one
            self._at += 1
        self._tell(how, *map(safe_line, self._lines[:-1]))

    def _line(self) -> str:
        """One line of the text is typed; `_LEFT` when the composer is to be left."""
        at = self._at
        typed = self._console.line(
            "", self._lines[at], ends=_ENDS | self._keys.keys(), rested=lambda text: self._put(at, text)
        )
        self._put(at, typed.text)
        handler = self._keys.get(typed.key)
        if handler is not None:
            return str(getattr(self, f"do_{handler}")() or "")
        match typed.key:
            case "up" if at:
                self._at -= 1
            case "down" if at + 1 < len(self._lines):
                self._at += 1
            case "escape":  # the end of the input, where lines come
                return _LEFT
            case "enter":
                if typed.text == "." and not self._console.pasting:
                    del self._lines[at]
                    self._lines = self._lines or [""]
                    self._at = max(0, min(at, len(self._lines) - 1))
                    self.do_send()
                    if not self._outbox_id and self._lines[-1]:
                        self._lines.append("")
                        self._at = len(self._lines) - 1
                else:
                    self._lines.insert(at + 1, "")
                    self._at = at + 1
        return ""

    def _put(self, at: int, text: str) -> None:
        self._lines[at] = text
        self._keep(body="\n".join(self._lines))

    def _keep(self, *, title: str | None = None, body: str | None = None, tags: tuple[str, ...] | None = None) -> None:
        draft = self._draft
        self._draft = replace(
            draft,
            title=draft.title if title is None else title,
            body=draft.body if body is None else body,
            tags=draft.tags if tags is None else tags,
        )
        self._save()

    def _save(self) -> None:
        if not self._outbox_id and self._draft != self._saved:
            self._session.save_draft(self._draft)
            self._saved = self._draft

    # -- the actions of the composer

    def do_send(self) -> None:
        self._draft = replace(self._draft, body="\n".join(self._lines).strip("\n"))
        try:
            self._outbox_id = self._session.send(self._draft)
        except JamError as error:
            self._saved = self._draft
            self._tell(f"Not sent: {error.title}. {error.hint}".strip(), "The draft is kept. Write on.")

    def do_preview(self) -> None:
        columns = self._console.columns
        text = safe_block("\n".join(self._lines))
        self._console.tell(["As it will be read:", *lines_of(spoken(text), columns), "End. Write on."])

    def do_editor(self) -> None:
        body = "\n".join(self._lines)
        try:
            with self._console.released():
                body = self._edit(body)
        except JamError as error:
            self._tell(f"{sentence(error.title)}. {error.hint}".strip())
            return
        self._lines = body.split("\n")
        self._at = len(self._lines) - 1
        self._keep(body=body)
        self._tell(f"Back: {words.count(len(self._lines), 'line')}. A full stop alone on a line sends.")
        if self._lines[-1]:
            self._lines.append("")
            self._at += 1

    def do_thread_kind(self) -> None:
        """An idea, a question or a discussion, in turn."""
        if self._draft.kind is not DraftKind.THREAD:
            self._tell("Only a new thread is an idea, a question or a discussion.")
            return
        at = KINDS.index(self._draft.thread_kind or KINDS[0])
        self._draft = replace(self._draft, thread_kind=KINDS[(at + 1) % len(KINDS)])
        self._save()
        self._tell(f"It is {'an' if self._draft.thread_kind == 'idea' else 'a'} {self._draft.thread_kind} now.")

    def do_similar(self) -> None:
        """Tells the threads that are like it; one that is chosen is told, or linked to."""
        found = self._session.similar(self._draft.title) if self._draft.kind is DraftKind.THREAD else ()
        if not found:
            self._tell("No thread is like it.")
            return
        self._tell_similar(found)
        question = "A number tells its text, b and a number says yours builds on it, d that it duplicates it: "
        typed = self._console.line(question)
        answer = "" if typed.key == "escape" else typed.text.strip().lower()
        kind = {"b": "builds_on", "d": "duplicates"}.get(answer[:1], "")
        number = answer[1:].strip() if kind else answer
        chosen = next((one for n, one in enumerate(found, 1) if str(n) == number), None)
        if chosen is None:
            self._tell("Write on.")
        elif kind:
            if (kind, chosen.post.id) not in self._draft.links:
                self._draft = replace(self._draft, links=(*self._draft.links, (kind, chosen.post.id)))
                self._save()
            self._tell(f"Yours {LINK_WORDS[kind][0]}: {words.one_line(chosen.post.title)}. Write on.")
        else:
            text = lines_of(spoken(chosen.post.body), self._console.columns)
            self._console.tell([*text, "End. Write on."])

    def _tell_similar(self, found: tuple[Similar, ...]) -> None:
        self._tell("There is something like it already:")
        for number, one in enumerate(found, 1):
            title, replies = words.one_line(one.post.title), words.count(one.replies, "reply", "replies")
            self._tell(f"{number}. {title} -- {words.one_line(one.forum, 60)}, {replies}.")

    def do_close(self) -> str:
        return _LEFT


_ENDS = frozenset({"up", "down"})
