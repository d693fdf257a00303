"""Text that was taken back is nowhere any more: not in the bytes of any file of the server, a new backup, a mirror."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from processes import Home, Server

FORUM = "00000000-0000-4000-8000-0000000000f0"
SECRETS = ("xylophonistquagga", "bumfuzzlezebu")  # one taken back by its author, one removed by a moderator
TAG = "quokkatag"


def files_with(folder: Path, words: tuple[str, ...]) -> list[str]:
    """Files under the folder in whose bytes one of the words stands."""
    return [
        f"{path.name}: {word}"
        for path in folder.rglob("*")
        if path.is_file()
        for word in words
        if word.encode() in path.read_bytes()
    ]


def test_removed_text_is_in_no_byte_of_any_file(
    new_server: Callable[..., Server], new_home: Callable[..., Home], figure: Callable[..., None], tmp_path: Path
) -> None:
    server, home, reader = new_server(), new_home(), new_home()
    home.login(server.url, "ana")
    reader.login(server.url, "bob")
    server.admin("person", "add", "mod", "--role", "moderator")
    mod = server.admin("person", "token", "mod").strip()
    home.jamtui("sync")
    ids = [
        home.row("post", "--forum", "ideas", "--title", word, "--tag", TAG, "--body", f"so {word}! " * 400)["id"]
        for word in SECRETS
    ]
    home.jamtui("edit", ids[0], "--body", f"{SECRETS[0]} changed " * 300)
    reader.jamtui("sync")
    watching = reader.popen("watch", "--json")  # holds the mirror open, with its log, while the removal comes
    assert watching.stdout is not None
    served = [server.db.parent / name for name in (server.db.name, f"{server.db.name}-wal")]
    assert files_with(server.db.parent, SECRETS)
    assert files_with(home.path, SECRETS)
    assert files_with(reader.path, SECRETS)

    home.jamtui("delete", ids[0])
    httpx.delete(
        f"{server.url}/api/v1/posts/{ids[1]}",
        headers={"Authorization": f"Bearer {mod}", "If-Match": '"1"', "Idempotency-Key": "removal-1"},
    ).raise_for_status()
    seen = 0
    while seen < 2:  # until the reader has both
        line = watching.stdout.readline()
        assert line
        seen += any(f'"{post_id}"' in line for post_id in ids) and '"body":""' in line
    words = (*SECRETS, TAG)
    log = served[1].read_bytes() if served[1].exists() else b""
    in_server = [word for word in words if word.encode() in served[0].read_bytes() + log]
    assert in_server == [], "the server's file, its free pages, or its log"
    running = files_with(reader.path, words)
    watching.terminate()
    watching.communicate()
    assert running == [], "the mirror of a reader that was running all along"

    backup = tmp_path / "backup.sqlite"
    server.admin("backup", str(backup))
    assert [word for word in words if word.encode() in backup.read_bytes()] == []
    home.jamtui("sync")
    assert files_with(home.path, words) == []
    fresh = new_home()
    fresh.login(server.url, "bob")
    fresh.jamtui("sync")
    assert files_with(fresh.path, words) == []
    changes: Any = httpx.get(f"{server.url}/api/v1/changes").text
    assert not any(word in changes for word in words)
    figure("server: removed text in 0 bytes of the database, its log, a backup, and 3 mirrors")
