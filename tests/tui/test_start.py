"""The start: where one left off is on the screen before anything of the network, a keyring or a server is imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# What a first frame has no use for: network, secrets, server, and libraries that take long to import.
UNWANTED = (
    "httpx", "httpcore", "h11", "anyio", "keyring", "secretstorage", "api_client.client", "api_client.transport",
    "jamserver", "jamtui.searching", "starlette", "uvicorn", "argon2", "zstandard", "pydantic", "typer", "pygments",
    "rich.markdown",
    # What a list, a dialog, an export or a while later may need.
    "zoneinfo", "argparse", "gzip", "shlex", "concurrent.futures.thread", "jamtui.opener", "jamtui.notify",
    "jamtui.notifier", "screens.notifying", "jamtui.store.inbox", "jamtui.store.moderation", "jamtui.store.things",
    "jamtui.store.checking", "jamtui.store.state", "jamtui.commands.files", "jamtui.countries", "jamtui.tag_book",
    "widgets.composer", "widgets.inbox_list", "widgets.way_lists",
)  # fmt: skip
# The network starts behind the first frame: what was imported and drawn by then is told, and the program ends.
CODE = """
import json, random, sys
from datetime import UTC, datetime
from pathlib import Path
from jamtui.commands import screen
from jamtui.app import JamApp
from jamtui.paths import Home
from jamtui.session import open_session
from jamtui.store import registry

home = Home.from_env({"JAMTUI_HOME": sys.argv[1]})
clock = lambda: datetime(2011, 2, 9, 14, tzinfo=UTC)
session = open_session(home, registry.find(home, None), clock=clock, rng=random.Random(1), environ={})

def start(on_change):
    strips = app.screen._compositor.render_strips(app.size)
    lists = [type(rows).__name__ for rows in app.screen.query("#left RowList")]
    text = "\\n".join(strip.text for strip in strips)
    print(json.dumps({"modules": sorted(sys.modules), "text": text, "lists": lists}))
    app.exit(0)

session.start = start
app = JamApp(session, reports=home.logs)
app.run(headless=True, size=(120, 40))
"""


def first_frame(home: Path) -> dict[str, Any]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "JAMTUI_"))}
    command = [sys.executable, "-c", CODE, str(home)]
    ended = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=home, env=env | {"PYTHONPATH": str(ROOT)}
    )
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[0])
    return found


async def test_the_last_place_is_shown_before_network_keyring_and_server_are_imported(tui: Any, tmp_path: Path) -> None:
    async with tui() as t:
        await t.press("enter", "j", "enter", "j")
        title = t.session.post(t.screen.spot.thread).title
        body = t.row.body.split()[:3]
    frame = first_frame(tmp_path)
    assert title[:30] in frame["text"]
    assert all(word in frame["text"] for word in body)
    loaded = {name for name in frame["modules"] for bad in UNWANTED if name == bad or name.startswith(f"{bad}.")}
    assert loaded == set()
    assert frame["lists"] == ["ForumList", "ThreadList"]  # the others are made when they are shown


def test_a_conversation_collects_its_garbage(tmp_path: Path) -> None:
    """The collector rests while the full screen is imported; plain mode, which may run for days, must not."""
    archive = ROOT / "tests" / "data" / "real-jam" / "open-conversations.jsonl"
    code = (
        "import atexit, gc, sys; from jamtui.cli import main\n"
        "atexit.register(lambda: sys.stderr.write(f'collects: {gc.isenabled()}'))\n"
        f"sys.exit(main(['--plain', '--jam', {str(archive)!r}]))"
    )
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "JAMTUI_HOME": str(tmp_path / "home")}
    ended = subprocess.run(
        [sys.executable, "-c", code], input="quit\n", capture_output=True, text=True, check=True, cwd=tmp_path, env=env
    )
    assert "Forum" in ended.stdout
    assert ended.stderr.endswith("collects: True")
