"""One's own profile as a form: what everybody in the Jam can read of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from jamtui.countries import code_of, countries, flag, language_name, language_of, languages, nearest
from jamtui.errors import JamError, sentence
from jamtui.profiles import MAX_ABOUT, Profile
from jamtui.safe_text import safe_line
from widgets.area import Area
from widgets.dialog import Dialog
from widgets.fields import Field, LastWord, Lines, StepField
from widgets.key_line import key_line

_LABELS = {"name": "Name", "org": "Organisation", "country": "Country", "languages": "Languages", "about": "About you"}

_TALL = 16  # lines from which there is room for what else can be done
_BESIDE = 60  # columns from which a field has room for a note beside it


class ProfileDialog(Dialog[bool]):
    """Ctrl-S saves and answers True, Esc leaves things as they are. What the Jam would refuse is said in place."""

    CSS_PATH = ["../widgets/dialog.tcss", "profile.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", show=False, id="composer.send"),
        Binding("escape", "leave", show=False),
        Binding("tab", "field(1)", show=False),
        Binding("shift+tab", "field(-1)", show=False),
    ]

    def __init__(
        self, handle: str, now: Profile, save: Callable[[dict[str, str]], None], *, flags: bool = True
    ) -> None:
        """``save`` takes the fields as typed, and raises `JamError` for what cannot be."""
        super().__init__()
        self._handle = handle
        self._now = now
        self._save = save
        self._flags = flags
        self._asked = False
        self._begun: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog", id="profile"):
            yield Static(
                Content.assemble(("Your profile ", "bold"), (f"@{self._handle}", "$text-muted")), classes="question"
            )
            for name, value in ((name, self._now.field(name)) for name in _LABELS if name != "about"):
                with Horizontal(classes="row"):
                    yield Static(Content.styled(_LABELS[name], "$text-muted"), classes="label")
                    field = StepField(
                        value, id=f"profile-{name}", compact=True, select_on_focus=False, suggester=_suggester(name)
                    )
                    field.step = self._next_field
                    yield field
                    yield Static(id=f"note-{name}", classes="beside")
            yield Static(Content.styled(_LABELS["about"], "$text-muted"), id="about-label")
            yield Area(
                self._now.about,
                soft_wrap=True,
                tab_behavior="focus",
                compact=True,
                highlight_cursor_line=False,
                id="profile-about",
            )
            yield Static(id="profile-note")

    def on_mount(self) -> None:
        self._begun = self.typed  # a field shows some characters otherwise than they were written
        self.query_one("#profile-name", Field).focus()
        self._notes()

    @property
    def typed(self) -> dict[str, str]:
        found = {name: self.query_one(f"#profile-{name}", Field).value for name in _LABELS if name != "about"}
        return found | {"about": self.query_one(Area).text}

    @property
    def _changed(self) -> dict[str, str]:
        """What was typed: a field that nobody touched stays as it is, to the letter."""
        return {name: text for name, text in self.typed.items() if text != self._begun[name]}

    @on(TextArea.Changed)
    @on(Input.Changed)
    def changed(self) -> None:
        self._asked = False
        self._notes()

    def on_resize(self) -> None:
        for note in self.query(".beside"):
            note.display = self.size.width >= _BESIDE

    def _notes(self) -> None:
        typed = self.typed
        self.query_one("#note-country", Static).update(self._about_country(typed["country"].strip()))
        self.query_one("#note-languages", Static).update(_about_languages(typed["languages"]))
        left = MAX_ABOUT - len(typed["about"].strip())
        self.query_one("#about-label", Static).update(
            Content.assemble(
                (_LABELS["about"], "$text-muted"),
                (
                    f"  {left:,} left" if left >= 0 else f"  {-left:,} too long",
                    "$text-disabled" if left >= 0 else "$error",
                ),
            )
        )
        self._say()

    def _about_country(self, text: str) -> Content:
        code = code_of(text)
        if not text or (code and not self._flags):
            return Content.styled(code, "$text-muted")
        if code:
            return Content.assemble((f"{flag(code)} ", ""), (code, "$text-muted"))
        near = nearest(text)
        return Content.styled(f"{near}?" if near else "in no table", "$warning")

    def _say(self, words: str = "") -> None:
        more = ":my-data writes all that is yours   :delete-account ends your account\n"
        completes = "   → completes" if isinstance(self.focused, Field) and self.focused.suggester else ""
        keys = f"{more if self.size.height >= _TALL else ''}Ctrl-S saves{completes}   Esc leaves"
        told = Content.styled(words, "bold $error") if words else key_line(keys)
        note = self.query_one("#profile-note", Static)
        note.update(told)
        note.set_class(bool(words), "-words")
        if words:
            self.call_after_refresh(note.scroll_visible, animate=False)

    def on_descendant_focus(self) -> None:
        if not self._asked:
            self._say()

    def _next_field(self) -> None:
        self.action_field(1)

    def action_field(self, step: int) -> None:
        fields: list[Widget] = [*self.query(Field), self.query_one(Area)]
        here = next((at for at, one in enumerate(fields) if one.has_focus), len(fields) - 1)
        self.set_focus(fields[(here + step) % len(fields)])  # at once: keys that were typed ahead are for it

    def action_save(self) -> None:
        try:
            self._save(self._changed)
        except JamError as error:
            self._say(f"✗ {sentence(error.title)}. {error.hint}")
            return
        self.dismiss(True)

    def action_leave(self) -> None:
        """What was typed is not thrown away by one key."""
        if not self._asked and self._changed:
            self._asked = True
            self._say("Not saved yet. Ctrl-S saves it, Esc once more leaves it as it was.")
            return
        self.dismiss(False)


def _suggester(name: str) -> Lines | LastWord | None:
    if name == "country":
        names = sorted(countries().values())
        return Lines(lambda text: [one for one in names if one.casefold().startswith(text.casefold())])
    if name == "languages":
        return LastWord(lambda _: sorted(one.casefold() for one in languages().values()))
    return None


def _about_languages(text: str) -> Content:
    words = [word.strip() for word in text.split(",") if word.strip()]
    wrong = next((word for word in words if not language_of(word)), "")
    if wrong:
        return Content.styled(f"{safe_line(wrong)[:20]}?", "$warning")
    return Content.styled(", ".join(language_name(language_of(word)) for word in words), "$text-muted")
