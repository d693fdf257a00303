"""What the pages name is there: files, tests, modules, commands with their options, keys, versions."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from jamserver import cli
from jamserver.routes import ROUTES
from jamtui.actions import BY_ID
from jamtui.commands import parser

ROOMS = ("jamtui", "jamserver", "screens", "widgets", "api_client")
ROOTS: dict[str, argparse.ArgumentParser] = {"jamtui": parser.build(), "jamserver": cli.parser()}
ABSENT = {"tests/widgets/__init__.py"}  # told of as what must not be there


@pytest.fixture(scope="module")
def project() -> Path:
    return Path(__file__).parents[2]


def pages(project: Path) -> Iterator[Path]:
    yield from sorted(project.glob("*.md"))
    yield from sorted((project / "docs").rglob("*.md"))


def code(page: Path) -> list[str]:
    """What stands as code in a page: between backticks, fenced, indented."""
    text = page.read_text("utf-8")
    fenced = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    return re.findall(r"`([^`\n]+)`", text) + re.findall(r"^ {4}(.+)$", text, re.MULTILINE) + fenced


def test_every_path_in_the_pages_is_there(project: Path) -> None:
    tests = {path.name for path in (project / "tests").rglob("test_*.py")}
    wrong = []
    for page in pages(project):
        for one in code(page):
            path = re.fullmatch(rf"(?:{'|'.join(ROOMS)}|tests|tools|benchmarks|docs|requirements)/[\w./-]+", one)
            if path and one not in ABSENT and not (project / one).exists():
                wrong.append(f"{page.name}: {one}")
            if re.fullmatch(r"test_\w+\.py", one) and one not in tests:
                wrong.append(f"{page.name}: {one}")
    assert wrong == []


def test_every_target_and_variable_in_the_pages_is_there(project: Path) -> None:
    make = (project / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", make, re.MULTILINE))
    sources = (path for folder in (*ROOMS, "tests", "benchmarks", "tools") for path in (project / folder).rglob("*.py"))
    known = set(re.findall(r"\bJAMTUI_[A-Z_]+\b", make + "".join(path.read_text("utf-8") for path in sources)))
    wrong = []
    for page in pages(project):
        for one in code(page):
            if (target := re.match(r"make ([a-z-]+)", one)) and target[1] not in targets:
                wrong.append(f"{page.name}: make {target[1]}")
            wrong += [f"{page.name}: {name}" for name in re.findall(r"\bJAMTUI_[A-Z_]+\b", one) if name not in known]
    assert wrong == []


def test_every_module_that_is_referred_to_is_there(project: Path) -> None:
    """In pages, docstrings and comments: `jamtui.store.rows`, or a name in it."""
    sources = (path for folder in (*ROOMS, "tests", "benchmarks", "tools") for path in (project / folder).rglob("*.py"))
    wrong = []
    for path in (*pages(project), *sources):
        named = re.findall(rf"`((?:{'|'.join(ROOMS)})(?:\.\w+)+)`", path.read_text("utf-8"))
        lost = (name for name in named if not _leads_somewhere(project, name.split(".")))
        wrong += [f"{path.relative_to(project)}: {name}" for name in lost]
    assert wrong == []


def _leads_somewhere(project: Path, parts: list[str]) -> bool:
    for end in range(len(parts), 0, -1):
        place = project.joinpath(*parts[:end])
        if place.with_suffix(".py").is_file():
            text = place.with_suffix(".py").read_text("utf-8")
            return all(re.search(rf"\b{name}\b", text) for name in parts[end:])
        if place.is_dir():
            return end == len(parts)
    return False


def test_every_action_in_the_pages_is_there(project: Path) -> None:
    named = {(page.name, name) for page in pages(project) for one in code(page)
             for name in re.findall(r"^:([a-z][a-z-]*)", one)}  # fmt: skip
    assert len(named) > 40
    assert {(page, name) for page, name in named if name not in BY_ID} == set()


def test_every_command_in_the_pages_takes_its_options(project: Path) -> None:
    wrong, seen = [], 0
    for page in pages(project):
        for one in code(page):
            for program, rest in re.findall(r"(?:^|[|;&(\n] ?)(jamtui|jamserver)((?: [^|;&\n)#]+)?)", one):
                if re.match(r" {3}", rest):  # the words beside a command
                    continue
                seen += 1
                words = re.split(r"[.,:](?: |$)", rest)[0].split()  # a sentence goes on behind it
                if found := _unknown(program, words):
                    wrong.append(f"{page.name}: {program}{rest}: {found}")
    assert seen > 300
    assert wrong == []


def _unknown(program: str, words: list[str]) -> list[str]:
    """Words of a command line that the program does not know: its command, its options."""
    root = ROOTS[program]
    at, options = root, _options(root)
    for number, word in enumerate(words):
        below = next((a.choices for a in at._actions if isinstance(a, argparse._SubParsersAction)), None)
        if not below or word.startswith("-") or words[number - 1] in ("--jam", "--theme", "--db"):
            continue
        if word in below:
            at = below[word]
        elif re.fullmatch(r"[a-z][a-z-]+", word):
            return [word]
    said = {word.split("=")[0].rstrip(".,:") for word in words if word.startswith("--")}
    return sorted(said - options - _options(at))


def _options(of: argparse.ArgumentParser) -> set[str]:
    return {option for action in of._actions for option in action.option_strings}


def test_the_page_of_dependencies_tells_the_versions_of_the_locks(project: Path) -> None:
    """A new lock is looked at: whether each is still looked after."""
    page = (project / "docs" / "dependencies.md").read_text("utf-8")
    told = dict(re.findall(r"^\| ([a-z0-9-]+) \| .* \| .* \| ([\w.]+)[, (].*\|$", page, re.MULTILINE))
    locks = "".join((project / "requirements" / name).read_text("utf-8") for name in ("openapi.txt", "dev.txt"))
    locked = dict(re.findall(r"^([a-z0-9-]+)==([\w.]+)", locks, re.MULTILINE))
    assert len(told) > 30
    del told["package"]
    assert {name: (version, locked[name]) for name, version in told.items() if locked[name] != version} == {}


@pytest.mark.parametrize(
    "told", ["a row for each of {routes} routes", "{both} cells, 0 others", "{cells} cells, guests read and"]
)
def test_the_page_of_security_counts_the_routes(told: str, project: Path) -> None:
    """Five callers ask each route, of a Jam that guests read and of one that they do not."""
    words = told.format(routes=len(ROUTES), cells=5 * len(ROUTES), both=10 * len(ROUTES))
    assert words in (project / "docs" / "security.md").read_text("utf-8")
