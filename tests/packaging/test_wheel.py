"""What is in the wheel, and that its names are its own."""

from __future__ import annotations

import configparser
import importlib.metadata
import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

PACKAGES = {"api_client", "jamserver", "jamtui", "screens", "widgets"}


PROBE = """
import runpy, sys
sys.path[0], sys.argv = {folder!r}, ["jamtui", "--version"]
try:
    runpy.run_module("jamtui", run_name="__main__", alter_sys=True)
except SystemExit as end:
    assert not end.code, end.code
import api_client, jamserver, screens, widgets
"""


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as file:
        return {name for name in file.namelist() if not name.endswith("/")}


def test_the_wheel_holds_the_packages_and_nothing_else(wheel: Path) -> None:
    top = {name.split("/")[0] for name in names(wheel)}
    assert {name for name in top if not name.endswith(".dist-info")} == PACKAGES


def test_every_package_is_marked_as_typed(wheel: Path) -> None:
    assert {f"{package}/py.typed" for package in PACKAGES} <= names(wheel)


def test_data_and_styles_travel_with_the_code(wheel: Path) -> None:
    """A wheel without a screen's style or the demo's text installs well and fails on the first key."""
    held = names(wheel)
    spec = importlib.util.find_spec("jamtui")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parents[1]
    beside = {
        str(path.relative_to(folder))
        for package in PACKAGES
        for path in (folder / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert beside <= held
    assert any(name.startswith("screens/") and name.endswith(".tcss") for name in held)
    assert any(name.startswith("jamserver/content/") and not name.endswith(".py") for name in held)


def test_both_commands_are_installed(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        (path,) = (name for name in file.namelist() if name.endswith(".dist-info/entry_points.txt"))
        points = configparser.ConfigParser()
        points.read_string(file.read(path).decode())
    assert dict(points["console_scripts"]) == {"jamtui": "jamtui.cli:main", "jamserver": "jamserver.cli:main"}
    for point in importlib.metadata.distribution("jamtui").entry_points:
        assert callable(point.load())


def test_the_licence_travels_with_the_wheel(wheel: Path, project: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        held = {name.split("/")[-1]: file.read(name) for name in file.namelist() if ".dist-info/licenses/" in name}
    assert held == {name: (project / name).read_bytes() for name in ("LICENSE", "NOTICE")}


def test_no_other_distribution_owns_our_names() -> None:
    """The packages stand at the top level, so another distribution with one of the names would be imported instead."""
    owners = importlib.metadata.packages_distributions()
    # An editable install owns its names by a path file, and is not listed.
    assert [(package, set(owners.get(package, [])) - {"jamtui"}) for package in sorted(PACKAGES)] == [
        (package, set()) for package in sorted(PACKAGES)
    ]


def test_a_folder_with_its_own_widgets_does_not_shadow_ours(tmp_path: Path, pyproject: dict[str, Any]) -> None:
    """``python -m`` puts the working folder first in the search path; `jamtui.__main__` takes it out again."""
    for package in PACKAGES - {"jamtui"}:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("raise SystemExit('the wrong one was imported')\n")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    clean["JAMTUI_HOME"] = str(tmp_path / "home")
    run = subprocess.run(
        [sys.executable, "-m", "jamtui", "--version"],
        cwd=tmp_path,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert pyproject["project"]["version"] in run.stdout
    # The same start, and then the import of what screens are made of. A program text, unlike -m, starts with "" first.
    probe = PROBE.format(folder=str(tmp_path))
    run = subprocess.run(
        [sys.executable, "-c", probe], cwd=tmp_path, env=clean, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
