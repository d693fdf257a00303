"""The project's folder and its built wheel, for the tests of what surrounds the code."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def project() -> Path:
    """The folder with pyproject.toml; in CI's second run it has no packages beside it."""
    return Path(__file__).parents[2]


@pytest.fixture(scope="session")
def pyproject(project: Path) -> dict[str, Any]:
    return tomllib.loads((project / "pyproject.toml").read_text())


@pytest.fixture(scope="session")
def wheel(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that CI built (``JAMTUI_WHEEL``), else one built now from this folder."""
    built = os.environ.get("JAMTUI_WHEEL")
    if built:
        return Path(built)
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=project, check=True, capture_output=True, text=True)
    (found,) = folder.glob("*.whl")
    return found
