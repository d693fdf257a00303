"""No regular expression of the program backtracks: each is looked at as Python's own parser sees it, not timed.

Time grows faster than the text in two shapes, and none has one of them:

- a repetition in a repetition, where what stands between two rounds may be nothing:    (a+)*  (a*b?)*  (a|b+)*
- two repetitions that take the same characters, with nothing between them that ends the first:    a*a*   .*,.*;

Bounded repetitions count when they go past 100. Possessive ones and atomic groups never give back what they took. What
begins with a repetition (``a+:``) is tried again from each character when it is searched for; the program only matches
such patterns at a place that it knows (seen by measuring: each pattern, on texts that double).
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import re._constants as sc  # type: ignore[import-not-found] # Python's own parser, which typeshed does not know
import re._parser as sp  # type: ignore[import-not-found]
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from jamtui import safe_text
from widgets import highlight, links, markdown_lines, steady, strips

MANY = 100
PACKAGES = ("jamtui", "screens", "widgets", "api_client", "jamserver")
CACHED = {
    "jamtui.safe_text._odd": safe_text._odd,
    "widgets.strips._pieces": strips._pieces,
    "widgets.steady._unsteady": steady._unsteady,
    "widgets.steady._suspects": steady._suspects,
    "widgets.markdown_lines._between_ideographs": markdown_lines._between_ideographs,
}
CALLS = {"compile", "match", "search", "fullmatch", "finditer", "findall", "sub", "subn", "split"}
# What a call takes that only its function knows, by module: as it may be.
MADE: dict[str, tuple[str, ...]] = {
    "jamtui.store.mentions": (r"(?<![\w@.+-])@ana(?![\w@-]|\.\w)",),
    "widgets.highlight": (),  # each language is looked at
    "widgets.links": links._NAMED,
    "widgets.markdown_lines": ("one|two",),
}
# Patterns with one of the shapes, and why it does no harm there.
HARMLESS: dict[str, str] = {}
SAMPLE = [
    chr(code) for code in (*range(0x250), 0x1100, 0x200B, 0x202E, 0x2028, 0x3000, 0x4E00, 0xFE0F, 0x1F469, 0xE0041)
]


def patterns() -> dict[str, re.Pattern[str]]:
    found: dict[str, re.Pattern[str]] = {}
    for package in map(importlib.import_module, PACKAGES):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if info.name.endswith("__main__"):
                continue
            module = importlib.import_module(info.name)
            for name, value in vars(module).items():
                if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                    found[f"{info.name}.{name}"] = value
            known = {one.pattern for one in found.values()}
            found |= {f"{info.name}: {one.pattern}": one for one in written(module) if one.pattern not in known}
    found |= {f"{name}: {one}": re.compile(one) for name, made in MADE.items() for one in made}
    found |= {name: make() for name, make in CACHED.items()}
    found |= {f"widgets.highlight {one}": highlight._compiled(one)[0] for one in highlight._LANGUAGES}
    return found


def written(module: ModuleType) -> Iterator[re.Pattern[str]]:
    """What the calls of a module give to `re` as text, which is compiled when it is needed first."""
    for call in ast.walk(ast.parse(inspect.getsource(module))):
        match call:
            case ast.Call(ast.Attribute(ast.Name("re"), name), [first, *_]) if name in CALLS:
                try:
                    text = eval(compile(ast.Expression(first), module.__name__, "eval"), vars(module))
                except NameError:
                    assert module.__name__ in MADE, f"{module.__name__}:{call.lineno}: say in MADE what it may be"
                    continue
                if isinstance(text, str):
                    yield re.compile(text)


def first_of(items: Any) -> tuple[frozenset[str], bool]:
    """The characters of the sample that a sequence may begin with, and whether it may be empty."""
    chars: frozenset[str] = frozenset()
    for item in items:
        more, empty = _first(item)
        chars |= more
        if not empty:
            return chars, False
    return chars, True


def _first(item: Any) -> tuple[frozenset[str], bool]:
    op, value = item
    if op in (sc.LITERAL, sc.NOT_LITERAL, sc.ANY, sc.IN, sc.RANGE, sc.CATEGORY):
        return _taken(item), False
    if op in (sc.MAX_REPEAT, sc.MIN_REPEAT, sc.POSSESSIVE_REPEAT):
        chars, empty = first_of(value[2])
        return chars, empty or value[0] == 0
    if op is sc.SUBPATTERN:
        return first_of(value[3])
    if op is sc.ATOMIC_GROUP:
        return first_of(value)
    if op is sc.BRANCH:
        each = [first_of(one) for one in value[1]]
        return frozenset().union(*(chars for chars, _ in each)), any(empty for _, empty in each)
    if op is sc.GROUPREF:
        return frozenset(SAMPLE), True
    return frozenset(), True  # what looks around, and ends


def _taken(item: Any) -> frozenset[str]:
    """The characters of the sample that one item takes."""
    return frozenset(char for char in SAMPLE if _matches(item, char))


def _matches(item: Any, char: str) -> bool:
    op, value = item
    code = ord(char)
    if op is sc.LITERAL:
        return bool(code == value)
    if op is sc.NOT_LITERAL:
        return bool(code != value)
    if op is sc.ANY:
        return char != "\n"
    if op is sc.RANGE:
        return bool(value[0] <= code <= value[1])
    if op is sc.CATEGORY:
        known = {
            sc.CATEGORY_DIGIT: char.isdigit(), sc.CATEGORY_NOT_DIGIT: not char.isdigit(),
            sc.CATEGORY_SPACE: char.isspace(), sc.CATEGORY_NOT_SPACE: not char.isspace(),
            sc.CATEGORY_WORD: char.isalnum() or char == "_", sc.CATEGORY_NOT_WORD: not (char.isalnum() or char == "_"),
        }  # fmt: skip
        return known[value]
    assert op is sc.IN
    negated = value[0][0] is sc.NEGATE
    return negated != any(_matches(one, char) for one in value[negated:])


def _gives_back(item: Any) -> bool:
    return item[0] in (sc.MAX_REPEAT, sc.MIN_REPEAT) and item[1][1] > MANY


def _inside(items: Any) -> Iterator[Any]:
    """All items in a sequence, those that nothing goes back into left out."""
    for item in items:
        yield item
        op, value = item
        if op in (sc.MAX_REPEAT, sc.MIN_REPEAT):
            yield from _inside(value[2])
        elif op is sc.SUBPATTERN:
            yield from _inside(value[3])
        elif op is sc.BRANCH:
            for one in value[1]:
                yield from _inside(one)


def _sequences(items: Any) -> Iterator[list[Any]]:
    """Each sequence, groups that stand for themselves opened."""
    flat: list[Any] = []
    for item in items:
        op, value = item
        if op is sc.SUBPATTERN:
            flat += value[3]
            yield from _sequences(value[3])
            continue
        flat.append(item)
        if op in (sc.MAX_REPEAT, sc.MIN_REPEAT):
            yield from _sequences(value[2])
        elif op is sc.BRANCH:
            for one in value[1]:
                yield from _sequences(one)
    yield flat


def shapes(pattern: re.Pattern[str]) -> set[str]:
    tree = sp.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    found: set[str] = set()
    for item in _inside(tree):
        if not _gives_back(item):
            continue
        body = list(item[1][2])
        for flat in _sequences(body):
            for at, inner in enumerate(flat):
                if _gives_back(inner):
                    # Behind it comes what stands there, and the next round where that may be nothing.
                    after, empty = first_of(flat[at + 1 :])
                    after |= first_of(body)[0] if empty else frozenset()
                    if after & first_of(inner[1][2])[0]:
                        found.add("a repetition in a repetition")
    for flat in _sequences(tree):
        for at, item in enumerate(flat):
            if not _gives_back(item):
                continue
            mine = first_of(item[1][2])[0]
            for other in flat[at + 1 :]:
                chars, empty = _first(other)
                if _gives_back(other) and chars & mine:
                    found.add("two that take the same")
                if not empty and not chars & mine:
                    break
    return found


def test_no_pattern_backtracks(figure: Any) -> None:
    found = patterns()
    assert len(found) > 150
    bad = {name: shapes(pattern) for name, pattern in found.items()}
    assert {name: told for name, told in bad.items() if told and name not in HARMLESS} == {}
    assert {name for name in HARMLESS if not bad.get(name)} == set(), "a reason that nothing needs"
    figure(f"promise 4: 0 of {len(found)} patterns backtrack")


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+",
        r"(a*)*b",
        r"(a|b+)*",
        r"(?:x+y?)*z",
        r"a*a*b",
        r"\s*\n?\s*x",
        r".*,.*;",
        r"(\w+\s?)*$",
        r"(a+b?)+c",
        r"[^x]*y?\d*z",
    ],
)
def test_what_would_be_found(pattern: str) -> None:
    assert shapes(re.compile(pattern))


@pytest.mark.parametrize(
    "pattern",
    [r"(a++)+", r"(?:a+b)*", r"a*b*", r"\w+\s+\w+", r"(?:[^'\\\n]|\\.)*+", r"(?>a*)a", r"a{0,60}a{0,60}", r"\s*x\s*"],
)
def test_what_is_linear_is_let_be(pattern: str) -> None:
    assert not shapes(re.compile(pattern))
