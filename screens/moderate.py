"""One act of moderation on a post, its thread or its author, in few keys: the act's letter, the reason, Enter."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from msgspec import Struct
from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from jamtui.mod_rows import CALLED, HAPPENS, KEYS, MAX_REASON, NEED_REASON, ON_PEOPLE, TIMES, TOLD
from jamtui.moderating import LOCAL, Act
from widgets.dialog import LOW
from widgets.fields import Field
from widgets.key_line import key_line
from widgets.list_dialog import ListDialog
from widgets.wrapping import first_lines

_LETTERS = tuple(dict.fromkeys(KEYS.values()))
_OTHERS = tuple(sorted({*string.ascii_letters, *string.digits} - set(_LETTERS)))
_NONE = "No other thread is called that."
_SHOWN = 60  # threads of the list; more are found by typing


class Target(Struct, frozen=True):
    """Where a thread can go: a forum or another thread, in harmless words."""

    id: str
    words: str
    detail: str = ""


class ModerateDialog(ListDialog[Act | None]):
    """Answers the act, or None. Three steps, the second one only for some: which, where to (or how long), why.

    A letter that stands for no act here is told, and after it no letter (nor Enter) chooses until an arrow did: it was
    the first of a word that somebody typed into the wrong place, and the others may stand for acts.
    """

    CSS_PATH = ["../widgets/dialog.tcss", "moderate.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "step_back", show=False),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        *(Binding(key, f"letter('{key}')", show=False) for key in (*_LETTERS, *_OTHERS)),
    ]

    def __init__(
        self,
        about: str,
        author: str,
        acts: Sequence[str],
        act: Act,
        *,
        forums: Sequence[Target],
        threads: Callable[[], Sequence[Target]],
        now: datetime,
    ) -> None:
        """``act`` names the post and its author; with an act in it, the first step is over already. ``threads`` are
        those that it can be merged into, the likeliest first."""
        super().__init__()
        self._about = about
        self._author = author
        self._acts = list(acts)
        self._act = act
        self._forums = forums
        self._threads = threads
        self._now = now
        self._step = "act"
        self._wrong = ""  # the letter after which none chooses
        self._targets: list[Target] = []

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(id="moderate-head", classes="question")
            yield Static(
                Content.assemble((self._author, "bold $primary"), (f"  {self._about}", "$text-muted")),
                id="moderate-about",
            )
            yield Field(id="moderate-line", compact=True)
            yield OptionList(id="moderate-list")
            yield Static(id="moderate-happens")
            yield Static(id="moderate-keys")

    def on_mount(self) -> None:
        self.query_one(Field).max_length = MAX_REASON
        if self._act.act:
            self._chosen(self._act.act)
        else:
            self._show("act")

    # -- steps

    def _show(self, step: str, typed: str = "") -> None:
        """``typed``: what was typed ahead, behind the Enter that leads here."""
        self._wrong = ""
        self._step = step
        options, line = self.query_one(OptionList), self.query_one(Field)
        line.display = step == "reason" or (step == "to" and self._act.act == "merge")
        options.display = step != "reason"
        options.can_focus = step == "act" or not line.display
        line.value = typed
        line.cursor_position = len(typed)
        line.placeholder = "find a thread by its title" if step == "to" else "the reason, for the people concerned"
        self._fill()
        (line if line.display else options).focus()
        self._words()

    def _fill(self) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        if self._step == "act":
            options.add_options(
                Option(Content.assemble((f"{KEYS[act]}  ", "bold $primary"), (CALLED[act], "bold")))
                for act in self._acts
            )
        elif self._step == "to":
            wanted = self.query_one(Field).value.casefold().split()
            self._targets = [
                one for one in self._found() if all(word in one.words.casefold() for word in wanted)
            ][:_SHOWN]  # fmt: skip
            options.add_options(
                Option(Content.assemble((one.words, "bold"), (f"  {one.detail}" if one.detail else "", "$text-muted")))
                for one in self._targets
            )
        if options.option_count:
            options.highlighted = 0

    def _found(self) -> Sequence[Target]:
        if self._act.act == "move":
            return self._forums
        if self._act.act == "merge":
            return self._threads()
        return [
            Target(str(hours), words, f"until {(self._now + timedelta(hours=hours)).astimezone():{LOCAL}}")
            for hours, words in TIMES
        ]

    def _words(self, problem: str = "") -> None:
        act = self._at() if self._step == "act" else self._act.act
        heads = {"act": "What is to be done?", "to": _asked(act), "reason": "Why?"}
        low = self.app.size.height < LOW
        called = act.capitalize() if low else _sentence(CALLED.get(act, act))  # there is one line for it
        head = heads[self._step] if self._step == "act" else f"{called}: {heads[self._step].lower()}"
        self.query_one("#moderate-head", Static).update(Content.styled(head, "bold"))
        happens = HAPPENS.get(act, "Nothing can be done here.")
        told = f"{happens} {TOLD}" if act in NEED_REASON else happens
        colour = "$error" if act == "remove" else "$text-muted"
        note = self.query_one("#moderate-happens", Static)
        # A line to type in and a list leave no room for it: it stands there with the reason, before anything is done.
        note.display = not (low and self.query_one(Field).display and self.query_one(OptionList).display)
        if low:
            width = self.app.size.width * 96 // 100 - 5  # beside the frame, the padding and a bar
            note.update(
                first_lines(Content.styled(told, colour), width, 2 if self.query_one(OptionList).display else 4)
            )
        else:
            note.update(Content.styled(told, colour))
        keys = {
            "act": "its letter chooses   Esc leaves",
            "to": "Enter chooses   Esc goes back",
            "reason": f"Enter does it{'' if act in NEED_REASON else ' (the reason may stay empty)'}   Esc goes back",
        }[self._step]
        shown = Content.styled(problem, "$error") if problem else key_line(keys)
        self.query_one("#moderate-keys", Static).update(shown)

    def _at(self) -> str:
        at = self.query_one(OptionList).highlighted
        return self._acts[at] if at is not None and at < len(self._acts) else ""

    def _chosen(self, act: str) -> None:
        self._act = replace(self._act, act=act)
        self._show("to" if act in ("move", "merge", "suspend") else "reason")

    def _aimed(self, target: Target, typed: str = "") -> None:
        if self._act.act == "suspend":
            self._act = replace(self._act, until=self._now + timedelta(hours=int(target.id)))
        else:
            self._act = replace(self._act, to=target.id)
        self._show("reason", typed)

    # -- events

    @on(OptionList.OptionHighlighted)
    def moved(self) -> None:
        if self._step == "act":
            self._words()

    @on(OptionList.OptionSelected)
    def selected(self, event: OptionList.OptionSelected) -> None:
        if self._wrong:
            self._tell_wrong()
        elif self._step == "act":
            self._chosen(self._acts[event.option_index])
        elif event.option_index < len(self._targets):
            self._aimed(self._targets[event.option_index])

    @on(Input.Changed)
    def typed(self) -> None:
        if self._step == "to":
            self._fill()
            self._words("" if self._targets else _NONE)

    @on(Input.Submitted)
    def entered(self, event: Input.Submitted) -> None:
        if self._step == "to":
            at = self.query_one(OptionList).highlighted
            if at is None or at >= len(self._targets):
                self._words(_NONE)
            else:
                self._aimed(self._targets[at], self.query_one(Field).value.removeprefix(event.value))
            return
        reason = event.value.strip()
        if not reason and self._act.act in NEED_REASON:
            self._words("Say why: the people concerned are told.")
            return
        act = self._act.act
        about_person = act in ON_PEOPLE
        self.dismiss(replace(self._act, reason=reason, person_id=self._act.person_id if about_person else ""))

    def action_letter(self, key: str) -> None:
        act = next((one for one in self._acts if KEYS[one] == key), "")
        if self._step == "act" and act and not self._wrong:
            self._chosen(act)
        else:
            self._wrong = self._wrong or key
            self._tell_wrong()

    def _tell_wrong(self) -> None:
        self._words(f"{self._wrong} is none of these. ↑ ↓ go on, Esc leaves")

    def action_move(self, step: int) -> None:
        self._wrong = ""
        super().action_move(step)
        self._words()

    def action_step_back(self) -> None:
        if self._step == "act" or not self._acts:
            self.dismiss(None)
        else:
            self._act = replace(self._act, act="", to="", until=None)
            self._show("act")


def _asked(act: str) -> str:
    return {"move": "Where to?", "merge": "Into which thread?"}.get(act, "How long?")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
