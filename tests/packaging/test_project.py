"""What the project says about itself is true: README, docs, dependencies, and nothing of one machine in it."""

from __future__ import annotations

import fnmatch
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import jamtui

# Each is put together, so that this file does not hold what it looks for.
_NOT_HERE = {
    "a path of one machine": r"(?<![\w.:*-])/(?:wo"
    r"rk|ro"
    r"ot|fa"
    r"rm|ho"
    r"me/[a-z]\w*|Us"
    r"ers/\w+|t"
    r"mp/[\w.]+)/",
    "a folder that a clone does not have": r"\.\./sha" r"red\b",
    "who or what wrote it": r"(?i)\b(?:cla"
    r"ude|anth"
    r"ropic|op"
    r"enai|chat"
    r"gpt|cop"
    r"ilot|language mo"
    r"dels?|ll"
    r"ms?"
    r"|a\.?i\.?[- ](?:ass"
    r"istant|age"
    r"nt|gene"
    r"rated)s?|sub-?age"
    r"nts?|co-auth"
    r"ored-by)\b",
}


def files(project: Path) -> Iterator[Path]:
    """Every file of the project but those that git is told to leave out, and data that came from elsewhere."""
    lines = (project / ".gitignore").read_text().splitlines()
    ignored = [line.strip("/") for line in lines if line and not line.startswith("#")]
    for folder, inner, found in os.walk(project):
        here = Path(folder)
        inner[:] = [
            name for name in inner if name != ".git" and not any(fnmatch.fnmatch(name, rule) for rule in ignored)
        ]
        for name in found:
            if name == ".git":  # in a work tree it is a file
                continue
            path = here / name
            foreign = "data" in path.relative_to(project).parts[:2] and path.suffix != ".md"
            if not foreign and not any(fnmatch.fnmatch(name, rule) for rule in ignored):
                yield path


@pytest.mark.parametrize("what", _NOT_HERE)
def test_no_file_holds(what: str, project: Path) -> None:
    pattern = re.compile(_NOT_HERE[what])
    found = []
    for path in files(project):
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # binary: pictures, compressed archives
        found += [f"{path.relative_to(project)}: {hit[0]!r}" for hit in pattern.finditer(text)]
    assert found == []


def readme_lines(project: Path, mark: str) -> list[str]:
    """The first lines of the fenced blocks after the mark, as CI and a reader would paste them."""
    text = (project / "README.md").read_text()
    return re.findall(rf"^<!-- {mark} -->\n\n```sh\n(.+)\n```$", text, re.MULTILINE)


@pytest.mark.parametrize(("mark", "last"), [("demo", ".venv/bin/jamtui demo"), ("test", ".venv/bin/pytest -n auto")])
def test_readme_has_one_line_to_paste(mark: str, last: str, project: Path) -> None:
    (line,) = readme_lines(project, mark)
    assert line.split(" && ")[-1] == last


def test_every_command_of_the_readme_exists(project: Path) -> None:
    """Each command of the table answers --help; a made-up one is refused, so that the check means something."""
    table = re.findall(r"^\| (`.+?) \|", (project / "README.md").read_text(), re.MULTILINE)
    commands = [
        tuple(word for word in command.split() if word.islower())
        for cell in table
        for command in re.findall(r"`((?:jamtui|jamserver)[^`]*)`", cell)
    ]
    assert len(commands) > 25
    failed = [" ".join(command) for command in commands if not _answers(command)]
    assert failed == []
    assert not _answers(("jamtui", "frobnicate"))


def _answers(command: tuple[str, ...]) -> bool:
    program, *words = command
    start = f"import sys; sys.argv[0] = {program!r}; from {program}.cli import main; sys.exit(main())"
    run = subprocess.run([sys.executable, "-c", start, *words, "--help"], capture_output=True, text=True, check=False)
    return run.returncode == 0 and all(word in run.stdout for word in words)


def test_the_docs_index_names_every_page(project: Path) -> None:
    index = (project / "docs" / "index.md").read_text()
    named = set(re.findall(r"^- \[[^]]+\]\(([\w./-]+\.md)\): \S", index, re.MULTILINE))
    pages = {str(path.relative_to(project / "docs")) for path in (project / "docs").rglob("*.md")}
    assert named == pages - {"index.md"}


@pytest.mark.parametrize(
    ("page", "maker"),
    [
        ("commands.md", ["docs/commands.py"]),
        ("keys.md", ["-m", "jamtui.keys"]),
        ("rights.md", ["-m", "jamserver.rights"]),
    ],
)
def test_generated_pages_are_current(page: str, maker: list[str], project: Path) -> None:
    """`make docs` writes them anew."""
    run = subprocess.run([sys.executable, *maker], cwd=project, capture_output=True, encoding="utf-8", check=True)
    assert (project / "docs" / page).read_text(encoding="utf-8") == run.stdout


def test_links_between_pages_lead_somewhere(project: Path) -> None:
    broken = []
    for page in [*project.glob("*.md"), *(project / "docs").rglob("*.md")]:
        # Code is no place for links, and brackets followed by parentheses occur there.
        text = re.sub(r"```.*?```|`[^`\n]*`|^ {4}.*$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
        targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]
        broken += [
            f"{page.relative_to(project)}: {target}" for target in targets if not (page.parent / target).exists()
        ]
    assert broken == []


def test_every_dependency_has_its_reason(project: Path, pyproject: dict[str, Any]) -> None:
    declared = [
        *pyproject["project"]["dependencies"],
        *pyproject["dependency-groups"]["dev"],
        *pyproject["dependency-groups"]["openapi"],
    ]
    names = [re.split(r"[^\w.-]", line)[0] for line in declared]
    rows = re.findall(
        r"^\| (\S+) \| \S.*? \| \S.*? \| \S.*? \|$", (project / "docs" / "dependencies.md").read_text(), re.MULTILINE
    )
    assert sorted(row for row in rows if row != "package") == sorted(names)


def test_the_lock_holds_every_dependency_and_no_address(project: Path, pyproject: dict[str, Any]) -> None:
    lock = (project / "requirements" / "dev.txt").read_text()
    pinned = {name.replace("_", "-") for name in re.findall(r"^([a-z0-9._-]+)==", lock, re.MULTILINE)}
    declared = [*pyproject["project"]["dependencies"], *pyproject["dependency-groups"]["dev"]]
    assert {re.split(r"[^\w.-]", line)[0] for line in declared} <= pinned
    assert re.findall(r"^\S+==\S+(?: ;[^\\]*)?$", lock, re.MULTILINE) == []  # a pin that no hash follows
    assert re.findall(r"\w+://|--(?:index|extra|find)\S*", lock) == []


def test_the_arrows_of_the_page_are_those_that_are_held(project: Path) -> None:
    settings = tomllib.loads((project / "pyproject.toml").read_text())
    contracts = {one["name"]: one for one in settings["tool"]["importlinter"]["contracts"]}
    page = (project / "ARCHITECTURE.md").read_text()
    told = re.findall(r"(?m)^    ([a-z_.]+(?: \| [a-z_.]+)*)$", page)
    held = contracts["The arrows: who may import whom"]["layers"]
    assert told == held
    here = Path(jamtui.__file__).parent  # the clone's, or a wheel's
    modules = {f"jamtui.{path.stem}" for path in here.iterdir() if path.suffix == ".py" or path.is_dir()}
    modules -= {"jamtui.__init__", "jamtui.__main__", "jamtui.__pycache__"}
    assert modules <= {name for layer in held for name in layer.split(" | ")}
    server = contracts["Of jamtui the server uses archive, event, safe_text and errors alone"]["forbidden_modules"]
    assert modules - set(server) == {"jamtui.archive", "jamtui.event", "jamtui.safe_text", "jamtui.errors"}


@pytest.mark.parametrize("folder", ["jamtui", "jamtui/store", "jamtui/sync", "jamtui/plain", "jamserver", "api_client"])
def test_every_module_has_its_room(folder: str, project: Path) -> None:
    """A newcomer finds in ARCHITECTURE.md what a module is there for. Screens and widgets are called what they show."""
    page = (project / "ARCHITECTURE.md").read_text("utf-8")
    rooms = page.partition("## Rooms")[2].partition("## Arrows")[0]
    told = set(re.findall(r"\w+", rooms))
    modules = {path.stem for path in (project / folder).glob("*.py") if not path.stem.startswith("__")}
    assert modules - told == set()
