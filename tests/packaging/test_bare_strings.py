"""The rule against bare strings where markup is parsed (`tools/bare_strings.py`): it finds each such place, and the
project has none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from jamtui.actions import ACTIONS
from jamtui.keys import AS_DELIVERED

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))
try:
    from bare_strings import FOLDERS, check, files_of
finally:
    sys.path.remove(str(ROOT / "tools"))

BAD = {
    "a literal with a bracket": 'Static("[b]x")',
    "a parameter": "Static(text)",
    "an f-string": 'Label(f"{text}")',
    "a sum": 'Label("a" + text)',
    "what a function gives": "Static(told())",
    "an attribute": "Button(self.text)",
    "a keyword": "Input(placeholder=text)",
    "a tooltip": "Input(tooltip=text)",
    "a class of ours": "Ours(text)",
    "its own update": "self.update(text)",
    "the start of a class": "super().__init__(text)",
    "an update of what is found": 'self.query_one("#a", Static).update(text)',
    "an update of something": 'thing.update(f"{text}")',
    "a notice": "self.notify(text)",
    "the title of a notice": 'self.notify("a", title=text)',
    "an option": "OptionList(Option(text))",
    "a string as an option": "OptionList(text, markup=True)",
    "options of a loop": "OptionList(*(one for one in texts))",
    "added options": "options.add_options([text])",
    "an added option": "options.add_option(text)",
    "another prompt": "options.replace_option_prompt_at_index(0, text)",
    "options of a choice": "select.set_options([(text, 1)])",
    "a checkbox": "Checkbox(text)",
    "a tab": "Tab(text)",
    "a leaf": "tree.root.add_leaf(text)",
    "a tree": "Tree(text)",
    "a row": "table.add_row(1, text)",
    "a column": "table.add_columns(text)",
    "a cell": "table.update_cell(1, 2, text)",
    "a border": "self.border_title = text",
    "the end of a border": "self.border_subtitle = text",
    "the title of the app": "self.sub_title = text",
    "a later placeholder": 'self.query_one("#a").placeholder = text',
    "a later tooltip": "self.tooltip = text",
    "the palette": "Hit(1, text, None)",
    "help of the palette": 'Hit(1, Content("a"), None, help=text)',
    "a mark of the palette": "matcher.highlight(text)",
    "markup of Textual": "Content.from_markup(text)",
    "text of Textual": "Content.from_text(text)",
    "markup of Rich": "Text.from_markup(text)",
    "Rich's console": "console.print(text)",
    "Rich's question": "Prompt.ask(text)",
    "a choice of two": 'Static(Content("a") if text else text)',
    "a name that was good before": 'shown = Content("a"); shown = text; Static(shown)',
    "a thing drawn as a string": "def render(self) -> str: return text",
    "an exception without a reason": "Static(text)  # markup:",
    "an exception that nothing needs": 'Static("a")  # markup: it was a name once',
}
GOOD = {
    "a literal": 'Static("a (b)")',
    "content": 'Static(Content(text)); Label(Content.styled(text, "bold")); Button(Content.assemble((text, "b")))',
    "joined content": 'Static(Content("\\n").join(Content(one) for one in texts))',
    "content that is cut": "Static(Content(text).truncate(9))",
    "Rich's text": "Static(Text(text))",
    "no markup": "Static(text, markup=False); self.notify(text, markup=False)",
    "a function with a type": "Static(drawn())",
    "an attribute with a type": "Static(self.head)",
    "a parameter with a type": "Static(head)",
    "a name": "shown = Content(text); Static(shown)",
    "both of two": 'Static(Content(text) if text else "none")',
    "options": "OptionList(*(Option(Content(one)) for one in texts))",
    "what is no widget": "found.update(texts); set().update(texts); parser.add_argument(text, help=text)",
    "a title of a post": "Post(title=text)",
    "an exception with its reason": "Static(text)  # markup: nobody but us",
}
AROUND = """
from textual.content import Content
def told() -> str: ...
def drawn() -> Content | None: ...
class Ours(Static):
    head: Content
    text: str
    def act(self, text: str, texts: list[str], head: Content) -> None:
"""


def found(body: str) -> list[str]:
    code = AROUND + "\n".join(f"        {line}" for line in body.split("\n")) + "\n"
    return [finding.what for finding in check({Path("a.py"): code})]


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
def test_each_place_is_found(body: str) -> None:
    assert found(body)


@pytest.mark.parametrize("body", GOOD.values(), ids=GOOD.keys())
def test_what_is_no_markup_is_let_be(body: str) -> None:
    assert found(body) == []


def test_files_know_each_other() -> None:
    sources = {
        Path("a.py"): "class Ours(Static): ...\ndef drawn() -> Content: ...\n",
        Path("b.py"): "Ours(drawn())\nOurs(text)\n",
    }
    assert [(str(one.path), one.line) for one in check(sources)] == [("b.py", 2)]


def test_the_project_has_none() -> None:
    there = [ROOT / name for name in FOLDERS if (ROOT / name).is_dir()]
    if not there:
        pytest.skip("beside a wheel: the source is not here")
    assert list(map(str, check(files_of(there)))) == []


def test_our_own_words_have_no_brackets() -> None:
    """Textual parses the names and the help of bindings."""
    assert [action.id for action in ACTIONS if "[" in AS_DELIVERED.help(action) + action.label] == []
