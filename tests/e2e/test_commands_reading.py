"""What only a process of its own can show: start-up, pipes, the working folder, a shell; a mirror of a real server."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
REAL_JAM = ROOT / "tests" / "data" / "real-jam" / "open-conversations.jsonl"


def by_id(text: str) -> dict[tuple[str, str], dict[str, Any]]:
    lines = map(json.loads, filter(None, text.split("\n")))
    return {(line["type"], line["data"]["id"]): line["data"] for line in lines}


def test_import_mirror_export_is_the_same_jam_object_for_object(synced: Any) -> None:
    source = by_id(REAL_JAM.read_text("utf-8"))
    mirrored = by_id(synced.jamtui("export", "--format", "jam").stdout)
    for key in [key for key, data in mirrored.items() if data.get("handle") in ("ana", "bob")]:
        del mirrored[key]
    (jam,) = (key for key in source if key[0] == "jam")
    assert mirrored[jam].keys() == source[jam].keys()
    del mirrored[jam], source[jam]  # it was reopened: its times are others
    assert len(mirrored) == 606 + 6 + 1303
    assert mirrored == source


def test_forums_as_json_imports_next_to_nothing(synced: Any) -> None:
    """Start-up is what a script waits for; a static graph cannot see what is really imported."""
    code = (
        "import sys; from jamtui.cli import main; code = main(['forums', '--json'])\n"
        "print(code, *sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", env=synced.environment(), check=True
    )
    ended, *modules = done.stderr.split()
    assert (ended, len(done.stdout.splitlines())) == ("0", 6)
    heavy = {
        "httpx",
        "textual",
        "rich",
        "keyring",
        "starlette",
        "asyncio",
        "msgspec",
        "zstandard",
        "dataclasses",
        "pathlib",
    }
    assert "apsw" in modules
    assert heavy.isdisjoint(modules), sorted(heavy.intersection(modules))


def test_a_folder_with_packages_of_the_same_names_is_no_trap(synced: Any, tmp_path: Path) -> None:
    """As ``python -m`` does it: the working folder stands before everything, also before an installation."""
    for name in ("widgets", "screens", "api_client"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('the wrong one')\n")
    assert "nothing new" in synced.process("sync", cwd=tmp_path).stdout
    assert synced.process("forums", cwd=ROOT).stdout  # and the clone itself is found


def test_a_reader_that_has_enough_is_no_error(synced: Any) -> None:
    process = synced.popen("export", "--format", "jam")
    assert process.stdout.readline().startswith('{"type":"jam"')
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 0


def test_a_torn_mirror_is_set_aside_and_fetched_anew(ana_home: Any) -> None:
    (mirror,) = ana_home.path.glob("jams/*/mirror.sqlite")
    mirror.write_bytes(b"torn" * 5000)
    for suffix in ("-wal", "-shm"):
        Path(f"{mirror}{suffix}").unlink(missing_ok=True)
    assert "damaged" in ana_home.jamtui("forums", "--json", code=5).stderr
    assert list(mirror.parent.glob("mirror.broken-*"))
    ana_home.jamtui("sync")
    assert len(ana_home.rows("forums")) == 6


def test_completion_loads_in_bash_and_completes(synced: Any, tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash here")
    script = tmp_path / "jamtui.bash"
    script.write_text(synced.jamtui("completion", "bash").stdout)
    ask = (
        f"source {script}; COMP_WORDS=(jamtui thr); COMP_CWORD=1; "
        "complete=$(complete -p jamtui | sed 's/.*-F \\([^ ]*\\).*/\\1/'); "
        "$complete jamtui thr jamtui; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    done = subprocess.run([bash, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["threads"], done.stderr
    assert "#compdef jamtui" in synced.jamtui("completion", "zsh").stdout
