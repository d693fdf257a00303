"""The programs beside jamtui: where they are, and how they are installed.

    python -m benchmarks.peers          (`make bench-peers`) installs what is missing, and says what there is

Those of PyPI get an environment each in the cache folder of this platform, outside of the repository; those of Debian
come by apt-get, when this is root. A peer that is not there has the reason as its entry; none is left out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from platformdirs import user_cache_path

PYPI = {  # the program, and what is installed for it
    "tooi": ["toot-tooi"],
    "posting": ["posting", "tree-sitter<0.26"],  # 2.11 dies of a segmentation fault with tree-sitter 0.26
    "harlequin": ["harlequin"],
    "toot": ["toot"],
}
DEBIAN = ("neomutt", "newsboat", "slrn")
FOLDER = user_cache_path("jamtui-bench", appauthor=False) / "peers"


def find() -> dict[str, list[str] | str]:
    """How each peer is started, or why it cannot be."""
    found: dict[str, list[str] | str] = {}
    for name in PYPI:
        path = FOLDER / name / "bin" / name
        found[name] = [str(path)] if path.exists() else "not installed: make bench-peers"
    for name in DEBIAN:
        program = shutil.which(name)
        found[name] = [program] if program else "not installed: make bench-peers, or apt-get install"
    return found


def install() -> dict[str, str]:
    """Installs what is missing; what went wrong, by name."""
    failed: dict[str, str] = {}
    for name, packages in PYPI.items():
        if not (FOLDER / name / "bin" / name).exists():
            python = FOLDER / name / "bin" / "python"
            error = _run([sys.executable, "-m", "venv", str(FOLDER / name)])
            error = error or _run([str(python), "-m", "pip", "install", "-q", "--no-input", *packages])
            if error:
                failed[name] = f"cannot be installed: {error}"
    missing = [name for name in DEBIAN if not shutil.which(name)]
    if missing and (os.geteuid() != 0 or not shutil.which("apt-get")):
        failed |= dict.fromkeys(missing, "not installed; apt-get and root are needed for it")
    elif missing:
        error = _run(["apt-get", "install", "-qq", "-y", "--no-install-recommends", *missing])
        failed |= dict.fromkeys(missing, f"cannot be installed: {error}") if error else {}
    return failed


def _run(words: list[str]) -> str:
    """The last line of what a command complained about; nothing when it did its work."""
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]


def main() -> None:
    failed = install()
    for name, words in (find() | failed).items():
        print(f"{name:<10} {words if isinstance(words, str) else words[0]}")


if __name__ == "__main__":
    main()
