"""What a hostile server says of itself and of its errors, in every field and header, on a terminal: by bytes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from commands_pty import Pty
from hostile_jam import MIX, driven, payload_controls
from pty_terminal import PYTHON

TIME = "2026-01-01T00:00:00Z"
STATUSES = (200, 301, 400, 401, 403, 404, 410, 422, 500, 511)
HEADERS = ("Location", "WWW-Authenticate", "ETag", "Date", "Jam-Seq", "Content-Disposition")


class Hostile(BaseHTTPRequestHandler):
    """Says what it is in payloads, and answers everything else with a problem document of payloads."""

    protocol_version = "HTTP/1.1"
    status = 200
    broken_headers = False

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it has there
        """Nothing: it is no part of what is looked at."""

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        word = MIX.replace("\n", "").encode().decode("latin-1") if self.broken_headers else "[@click=app.quit]x[/]"
        if self.path == "/.well-known/jam":
            jam = {"format": 1, "id": MIX, "slug": MIX, "title": MIX, "summary": MIX, "opens_at": TIME}
            ways = [{"type": "guest"}, {"type": MIX}, {"type": "oidc", "issuer": MIX, "client_id": MIX, "name": MIX}]
            found: dict[str, Any] = {
                "name": MIX,
                "api_version": "1",
                "jam": {**jam, "closes_at": TIME},
                "sign_in": ways,
            }
            status, body = 200, {**found, "limits": {}, "head": "0-a"}
        else:
            status = self.status
            errors = [{"pointer": MIX, "detail": MIX}, MIX, 5]
            body = {"type": MIX, "title": MIX, "detail": MIX, "code": "invalid", "errors": errors, "instance": MIX}
        data = json.dumps(body).encode()
        lines = [f"HTTP/1.1 {status} {word}", "Content-Type: application/problem+json", f"Content-Length: {len(data)}"]
        lines += [f"{name}: {word}" for name in HEADERS]
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1") + data)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the names they have there


@pytest.fixture
def origin() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_no_answer_of_a_server_drives_the_terminal(
    origin: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Callable[[str], None]
) -> None:
    for name, value in {**PYTHON, "TERM": "xterm-256color"}.items():
        monkeypatch.setenv(name, value)
    terminal = Pty()
    answers = 0
    try:
        for status in STATUSES:
            for broken in (False, True):
                monkeypatch.setattr(Hostile, "status", status)
                monkeypatch.setattr(Hostile, "broken_headers", broken)
                monkeypatch.setenv("JAMTUI_HOME", str(tmp_path / f"{status}{broken}"))
                for words in (("login", origin, "--guest"), ("sync",), ("jams",), ("auth", "status")):
                    output = terminal.run(words)
                    answers += 1
                    assert payload_controls(output) == [], (status, broken, words)
                    assert driven(output) == [], (status, broken, words)
                    assert b"unexpected" not in output, (status, broken, words, output)
    finally:
        terminal.close()
    figure(f"promise 1: 0 payload control bytes over {answers} answers of a hostile server")


def test_the_sign_in_screen_shows_a_hostile_server_harmless(
    origin: str, terminal: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Hostile, "status", 403)
    jam = terminal(size=(120, 45))
    jam.wait_for("Try the demo")
    jam.press("down", "down", "enter")
    jam.wait_for("Address of the Jam")
    jam.press(f"{origin}", "enter")
    jam.wait_for("PWNED")
    jam.press("\x11")
    assert jam.wait_end() == 0
    assert (payload_controls(jam.output), driven(jam.output)) == ([], [])
    assert jam.modes_left_on() == set()
