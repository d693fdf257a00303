"""A rule of the project: no bare string goes where Textual or Rich parses markup.

    python tools/bare_strings.py [FOLDER OR FILE ...]      jamtui, screens and widgets, when none is named

`Static("[@click=app.quit]x[/]")` is a live action, and a stray ``[/]`` ends the app. What such a place is given must be
seen to be no markup, in this file and the signatures of the others:

- a literal without ``[``;
- ``Content(...)``, ``Content.styled``, ``Content.assemble``, ``Text(...)``, a list of options each of which is checked;
- what a function, attribute, parameter or name is annotated as, or was made of above: ``Content``, ``Text``;
- anything, where the call says ``markup=False`` and the place honours it.

Everything else is a finding, one line each, and the exit code is 1. An exception stands on the line as
``# markup: REASON``; one without a reason, or without a finding, is a finding too.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

FOLDERS = ("jamtui", "screens", "widgets")

# Classes that parse their arguments: which of them (all positional ones for "*"), and whether markup=False helps.
CLASSES: dict[str, tuple[str, bool]] = {
    "Static": ("0", True), "Label": ("0", True), "Option": ("0", False), "OptionList": ("*", True),
    "SelectionList": ("*", False), "Selection": ("0", False), "Button": ("0", False), "Checkbox": ("0", False),
    "RadioButton": ("0", False), "ToggleButton": ("0", False), "RadioSet": ("*", False), "Tab": ("0", False),
    "Tabs": ("*", False), "TabPane": ("0", False), "TabbedContent": ("*", False), "Collapsible": ("", False),
    "Link": ("", False), "Tree": ("0", False), "Digits": ("0", False), "Placeholder": ("0", False),
    "Hit": ("1", False), "DiscoveryHit": ("0", False), "Select": ("", False), "Tooltip": ("0", True),
    "Header": ("", False), "Rule": ("", False),
}  # fmt: skip
# Methods, whatever they are called on.
METHODS: dict[str, tuple[str, bool]] = {
    "notify": ("0", True), "add_option": ("0", False), "add_options": ("*", False), "add_row": ("*", False),
    "add_rows": ("*", False), "add_column": ("0", False), "add_columns": ("*", False), "update_cell": ("2", False),
    "update_cell_at": ("1", False), "add_leaf": ("0", False), "set_label": ("0", False), "set_options": ("0", False),
    "replace_option_prompt": ("1", False), "replace_option_prompt_at_index": ("1", False), "set_prompt": ("0", False),
    "highlight": ("0", False), "ask": ("0", False), "with_tooltip": ("0", False), "render_str": ("0", False),
}  # fmt: skip
# Of these, only on something that Rich prints with.
PRINTS = frozenset({"print", "log", "rule", "out", "input", "status"})
# Names that are parsed as keyword of any call, and when they are set on anything but self's own fields.
FIELDS = frozenset({
    "border_title", "border_subtitle", "sub_title", "placeholder", "tooltip", "label", "prompt", "help", "title",
})  # fmt: skip
SET = FIELDS - {"help", "title", "prompt"}
# Keywords that are ours in calls of ours: argparse's help, titles of posts.
ONLY_FOR = {
    "help": {"Hit", "DiscoveryHit"},
    "title": {"notify", "Collapsible", "TabPane", "Header"},
    "prompt": {"Select", "Selection", "Option"},
    "label": {"Button", "Checkbox", "RadioButton", "Tab", "Tree"},
}
BANNED = frozenset({"from_markup", "render_markup"})
PARSES_UNLESS_TOLD = frozenset({"from_text"})  # Content.from_text(text, markup=True)
SAFE_TYPES = frozenset({"Content", "Text", "Visual", "Strip", "Option", "Separator", "None", "bool", "int", "float"})
SAFE_CALLS = frozenset({"Content", "Text", "int", "len", "Option", "Separator"})
SAFE_METHODS = frozenset({"styled", "assemble", "from_ansi", "blank"})  # of Content and Text
_EXCUSE = re.compile(r"#\s*markup:\s*(.*)")


@dataclass(frozen=True)
class Finding:
    path: Path
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


@dataclass
class Known:
    """What all files say: types that functions give and that attributes have, and classes made of those that parse."""

    returns: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    attributes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    bases: dict[str, set[str]] = field(default_factory=dict)

    def root(self, name: str) -> str | None:
        """The class of `CLASSES` that ``name`` is, or is made of."""
        seen: set[str] = set()
        left = [name]
        while left:
            one = left.pop()
            if one in CLASSES and one not in self.bases:  # a class of ours may have the same name
                return one
            if one not in seen:
                seen.add(one)
                left += self.bases.get(one, ())
        return None


def _name(node: ast.expr | None) -> str:
    """The last name of ``a.b.c`` and ``c``."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _types(annotation: ast.expr | None) -> set[str]:
    """``Content | None`` → {"Content", "None"}; what is not understood counts as a string."""
    match annotation:
        case ast.Name() | ast.Attribute():
            return {_name(annotation)}
        case ast.Constant(value=None):
            return {"None"}
        case ast.Constant(value=str() as quoted):
            return _types(ast.parse(quoted, mode="eval").body)
        case ast.BinOp(op=ast.BitOr()):
            return _types(annotation.left) | _types(annotation.right)
        case ast.Subscript(slice=inner) if _name(annotation.value) in (
            "list", "Sequence", "Iterable", "Iterator", "ClassVar", "Final", "reactive",
        ):  # fmt: skip
            return _types(inner)
        case ast.Subscript(slice=ast.Tuple(elts=[inner, *_])) if _name(annotation.value) == "tuple":
            return _types(inner)
        case _:
            return {"str"}


def learn(trees: Iterable[ast.Module]) -> Known:
    known = Known()
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                known.returns[node.name] |= _types(node.returns)
                if any(_name(one) == "property" for one in node.decorator_list):
                    known.attributes[node.name] |= _types(node.returns)
            elif isinstance(node, ast.AnnAssign):
                known.attributes[_name(node.target)] |= _types(node.annotation)
            elif isinstance(node, ast.ClassDef):
                known.bases.setdefault(node.name, set()).update(
                    _name(base.value if isinstance(base, ast.Subscript) else base) for base in node.bases
                )
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                made = _name(node.value.func)
                for target in node.targets:
                    if isinstance(target, ast.Attribute):
                        known.attributes[target.attr].add(made if made in SAFE_TYPES else "str")
    return known


class Checker(ast.NodeVisitor):
    """Finds in one file what is no `safe` argument of a place that parses."""

    def __init__(self, path: Path, known: Known, own: Known) -> None:
        """``known`` is what all files say, ``own`` what this one does, which counts first."""
        self.path = path
        self.known = known
        self.own = own
        self.found: list[Finding] = []
        self._scopes: list[dict[str, bool]] = [{}]  # names of the functions around: whether they hold no markup
        self._classes: list[str] = []

    # -- what is safe

    def safe(self, node: ast.expr | None) -> bool:
        match node:
            case None | ast.Constant(value=None | bool() | int() | float()):
                return True
            case ast.Constant(value=str() as text):
                return "[" not in text
            case ast.JoinedStr(values=values):
                return all(isinstance(one, ast.Constant) and self.safe(one) for one in values)
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                return self.safe(left) and self.safe(right)
            case ast.BoolOp(values=values):
                return all(map(self.safe, values))
            case ast.IfExp(body=body, orelse=other):
                return self.safe(body) and self.safe(other)
            case ast.Starred(value=value) | ast.Await(value=value) | ast.NamedExpr(value=value):
                return self.safe(value)
            case ast.List(elts=elts) | ast.Tuple(elts=elts):
                return all(map(self.safe, elts))
            case ast.GeneratorExp() | ast.ListComp():
                return self._each(node)
            case ast.Call():
                return self._gives_safe(node)
            case ast.Name(id=name):
                return next((scope[name] for scope in reversed(self._scopes) if name in scope), False)
            case ast.Attribute(attr=attr):
                found = self.own.attributes.get(attr) or self.known.attributes.get(attr)
                return bool(found) and found <= SAFE_TYPES
            case ast.Subscript(value=value):
                return self.safe(value)
            case _:
                return False

    def _each(self, node: ast.GeneratorExp | ast.ListComp) -> bool:
        names = {
            one.id: self.safe(loop.iter) for loop in node.generators for one in ast.walk(loop.target)
            if isinstance(one, ast.Name)
        }  # fmt: skip
        self._scopes.append(names)
        try:
            return self.safe(node.elt)
        finally:
            self._scopes.pop()

    def _gives_safe(self, node: ast.Call) -> bool:
        func, name = node.func, _name(node.func)
        if self.known.root(name) in ("Option", "Static", "Label", "Button"):
            return True  # a place of its own, looked at as such
        if isinstance(func, ast.Attribute):
            if name in SAFE_METHODS and _name(func.value) in ("Content", "Text"):
                return True
            if name == "join":
                return isinstance(func.value, ast.Call) and self._gives_safe(func.value)
            if self._gives_safe(func.value) if isinstance(func.value, ast.Call) else self.safe(func.value):
                return True  # a method of what is safe: Content("a").truncate(9)
        elif name in SAFE_CALLS:
            return True
        elif name in ("list", "tuple", "reversed", "iter") and node.args:
            return self.safe(node.args[0])
        found = self.own.returns.get(name) or self.known.returns.get(name)
        return bool(found) and found <= SAFE_TYPES

    # -- places

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        func, name = node.func, _name(node.func)
        if name in BANNED:
            self._tell(node, f"{name}() parses markup")
            return
        told = {one.arg: one.value for one in node.keywords if one.arg}
        off = isinstance(told.get("markup"), ast.Constant) and told["markup"].value is False
        if name in PARSES_UNLESS_TOLD and not off:
            self._tell(node, f"{name}() parses markup, unless markup=False")
            return
        place, honoured = self._place(node)
        if place is not None and not (off and honoured):
            self._arguments(node, name, place)
        for key, value in told.items():
            if key not in FIELDS or (off and honoured and place is not None):
                continue
            if key in ONLY_FOR and self.known.root(name) not in ONLY_FOR[key] and name not in ONLY_FOR[key]:
                continue
            if not self.safe(value):
                self._tell(value, f"{name}({key}=...) may be markup")
        if isinstance(func, ast.Attribute) and name in PRINTS and "console" in ast.unparse(func.value) and not off:
            self._arguments(node, f"{ast.unparse(func.value)}.{name}", "*")

    def _place(self, node: ast.Call) -> tuple[str | None, bool]:
        """Which arguments are parsed, and whether markup=False turns that off."""
        func, name = node.func, _name(node.func)
        if isinstance(func, ast.Name) or (isinstance(func, ast.Attribute) and name[:1].isupper()):
            root = self.known.root(name)
            return CLASSES[root] if root is not None else (None, False)
        if not isinstance(func, ast.Attribute):
            return None, False
        inside = self.known.root(self._classes[-1]) if self._classes else None
        if name == "__init__" and isinstance(func.value, ast.Call) and _name(func.value.func) == "super":
            return CLASSES[inside] if inside is not None else (None, False)
        if name == "update":
            return self._update(node, func, inside)
        if name == "highlight" and "matcher" not in ast.unparse(func.value):
            return None, False
        if name == "ask" and _name(func.value) not in ("Prompt", "Confirm", "IntPrompt", "FloatPrompt"):
            return None, False
        return METHODS.get(name, (None, False))

    def _update(self, node: ast.Call, func: ast.Attribute, inside: str | None) -> tuple[str | None, bool]:
        """`Static.update` and `Label.update`, not those of dictionaries and sets: by what it is called on, and, where
        that is not seen, by whether the argument is a string on its face."""
        on = func.value
        if _name(on) == "self" or (isinstance(on, ast.Call) and _name(on.func) == "super"):
            return ("0", False) if inside in ("Static", "Label") else (None, False)
        if isinstance(on, ast.Call) and _name(on.func) in ("query_one", "query_exactly_one", "query"):
            return "0", False
        if len(node.args) == 1 and isinstance(node.args[0], ast.JoinedStr | ast.Constant | ast.BinOp):
            return "0", False
        return None, False

    def _arguments(self, node: ast.Call, name: str, place: str) -> None:
        wanted = node.args if place == "*" else node.args[int(place) : int(place) + 1] if place else []
        for argument in wanted:
            if name == "set_options" and isinstance(argument, ast.GeneratorExp | ast.ListComp):
                argument = _without_values(argument)
            if not self.safe(argument):
                self._tell(argument, f"{name}() is given what may be markup")

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        for target in node.targets:
            self._assigned(target, node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.generic_visit(node)
        if isinstance(node.target, ast.Name):
            self._scopes[-1][node.target.id] = _types(node.annotation) <= SAFE_TYPES
        elif node.value is not None:
            self._assigned(node.target, node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.generic_visit(node)
        if isinstance(node.target, ast.Name) and not self.safe(node.value):
            self._scopes[-1][node.target.id] = False

    def _assigned(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            before = self._scopes[-1].get(target.id, True)
            self._scopes[-1][target.id] = before and self.safe(value)
        elif isinstance(target, ast.Attribute) and target.attr in SET and not self.safe(value):
            self._tell(value, f".{target.attr} is parsed as markup")

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._classes.append(node.name)
        self.generic_visit(node)
        self._classes.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if node.name == "render" and self._classes and not _types(node.returns) <= SAFE_TYPES:
            self._tell(node, "render() gives a string, which Textual parses as markup")
        arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        self._scopes.append({one.arg: _types(one.annotation) <= SAFE_TYPES for one in arguments if one.annotation})
        self.generic_visit(node)
        self._scopes.pop()

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - ast's own name

    def _tell(self, node: ast.AST, what: str) -> None:
        self.found.append(Finding(self.path, getattr(node, "lineno", 0), what))


def _without_values(options: ast.GeneratorExp | ast.ListComp) -> ast.expr:
    """Of pairs of what is shown and what it stands for, what is shown."""
    shown = options.elt.elts[0] if isinstance(options.elt, ast.Tuple) and options.elt.elts else options.elt
    return ast.copy_location(ast.GeneratorExp(shown, options.generators), options)


def _excuses(source: str) -> dict[int, str]:
    """The reasons on the lines of a file."""
    return {
        token.start[0]: found[1].strip()
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT and (found := _EXCUSE.match(token.string))
    }


def check(sources: dict[Path, str]) -> Iterator[Finding]:
    """What is found in some files, which know each other's signatures."""
    trees = {path: ast.parse(source) for path, source in sources.items()}
    known = learn(trees.values())
    for path, tree in trees.items():
        checker = Checker(path, known, learn([tree]))
        checker.visit(tree)
        excuses = _excuses(sources[path])
        used = set()
        for finding in checker.found:
            if excuses.get(finding.line):
                used.add(finding.line)
            else:
                yield finding
        for line, reason in excuses.items():
            if not reason:
                yield Finding(path, line, "an exception without a reason")
            elif line not in used:
                yield Finding(path, line, "an exception that nothing needs")


def files_of(places: Iterable[Path]) -> dict[Path, str]:
    """The Python files there, with their text."""
    files = [file for place in places for file in ([place] if place.is_file() else sorted(place.rglob("*.py")))]
    return {file: file.read_text("utf-8") for file in files}


def main(words: Sequence[str]) -> int:
    root = Path(__file__).resolve().parents[1]
    places = [Path(word) for word in words] or [root / name for name in FOLDERS]
    found = list(check(files_of(places)))
    for finding in found:
        print(finding)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
