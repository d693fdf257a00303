"""Addresses of servers that trick: in commands, on the screen and in plain mode none is asked, and each is told."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Static

from jamtui import cli
from jamtui.app import JamApp
from jamtui.commands.context import Context
from jamtui.commands.doors import CommandDoors
from widgets.fields import Field

ROOT = Path(__file__).parents[2]
CORPUS = json.loads((ROOT / "tests" / "data" / "hostile" / "corpus.json").read_text())
URLS = {case["id"]: case["payload"] for case in CORPUS if case["kind"] == "server-url"}
PUNYCODE = "xn--80ak6aa92e.com"
FORBIDDEN = {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))}


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """A home, and the origins that were asked, which is nobody's server."""
    from api_client.transport import Transport

    monkeypatch.setenv("JAMTUI_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("JAMTUI_TOKEN", raising=False)
    asked: list[str] = []

    async def begin(self: Transport, *_: object) -> None:
        asked.append(self.origin)
        raise OSError("nobody is asked in this test")

    monkeypatch.setattr(Transport, "_begin", begin)
    return asked


def told(text: str, case: str) -> None:
    """The refusal names what to do, and for a look-alike what it is."""
    assert "https://" in text or "number" in text or "IPv4" in text, (case, text)
    assert (PUNYCODE in text) == (case == "url-7"), text


def test_commands(nowhere: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for case, url in URLS.items():
        assert cli.main(["login", url, "--guest"]) == 2, case
        said = capsys.readouterr()
        assert said.out == ""
        told(said.err, case)
        assert not FORBIDDEN & set(said.err.rstrip("\n"))
        assert cli.main(["--jam", url, "forums"]) in (2, 5), case
        assert not FORBIDDEN & set(capsys.readouterr().err.rstrip("\n"))
    assert nowhere == []
    assert not list((tmp_path / "home").glob("jams/*"))
    assert cli.main(["login", "https://jam.example", "--guest"]) == 4  # an honest one is asked
    assert nowhere == ["https://jam.example"]


async def test_the_screen(nowhere: list[str], tmp_path: Path, figure: Callable[[str], None]) -> None:
    with closing(CommandDoors(Context(argparse.Namespace(), dict(os.environ)))) as doors:
        app = JamApp(None, doors=doors, reports=tmp_path, frozen=True)
        async with app.run_test(size=(100, 36)) as pilot:
            await pilot.press("s")
            for case, url in [*URLS.items(), ("honest", "https://jam.example")]:
                field = app.screen.query_one("#url", Field)
                field.focus()
                field.value = ""
                field.post_message(events.Paste(url))
                await pilot.pause()
                assert field.value, case
                await pilot.press("enter")
                await app.workers.wait_for_complete()
                await pilot.pause()
                note = str(app.screen.query_one("#sign-in-note", Static).content)
                assert note.startswith("✗"), case
                assert not app.screen.query_one("#ways").display
                if case == "honest":
                    assert nowhere == ["https://jam.example"]
                else:
                    told(note, case)
                    assert nowhere == [], case
    figure(
        f"promise 5: {len(URLS)} of {len(URLS)} tricky addresses refused or asked about in commands, TUI and plain mode"
    )


def test_plain_mode(tmp_path: Path) -> None:
    """The real program, in lines from a pipe; whoever would be asked is behind a proxy that is not there."""
    lines = "".join(f"s\n{url}\n" for url in URLS.values())
    env = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
    env |= {
        "PYTHONPATH": str(ROOT), "JAMTUI_HOME": str(tmp_path / "home"), "HTTPS_PROXY": "http://127.0.0.1:9",
        "PYTHONUTF8": "1", "COLUMNS": "500",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "jamtui", "--plain"], input=f"{lines}q\n", env=env, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = done.stdout.split("Asking ")[1:]
    assert len(said) == len(URLS), done.stdout
    for case, text in zip(URLS, said, strict=True):
        told(text, case)
        assert "cannot be reached" not in text, case  # nobody was asked
        assert not FORBIDDEN - {"\n"} & set(text)
    assert not (tmp_path / "home" / "jams").exists()
