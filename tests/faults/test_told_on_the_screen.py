"""Why there is no connection stands in the status line, in plain mode as a sentence, and is gone when it is over."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from proxy import PASS, Answer

from api_client.errors import PORTAL
from jamtui.archive import rfc3339

PAGE = Answer(200, b"<html><body>Login to WiFi</body></html>")
BUSY = Answer(503, b"", (("Retry-After", "600"),))


def test_in_the_status_line(
    new_server: Callable[..., Any], new_proxy: Callable[..., Any], new_home: Callable[..., Any],
    new_tui: Callable[..., Any],
) -> None:  # fmt: skip
    proxy = new_proxy(new_server())
    home = new_home().login(proxy.url, "ana")
    tui = new_tui(home, size=(150, 24))
    tui.wait_for("● live")
    proxy.decide = lambda call, rng: PAGE
    proxy.reset()
    screen = tui.wait_for(PORTAL)
    assert re.search(r"next try in \d+ s, Ctrl-R now", screen)
    proxy.decide = lambda call, rng: PASS
    tui.press("\x12")  # ctrl+r: at once
    tui.wait_for("● live")
    tui.wait_gone(PORTAL)
    tui.press("\x11")
    assert tui.wait_end() == 0


def test_what_the_server_asks_for_no_key_and_no_new_start_ends(
    new_server: Callable[..., Any], new_proxy: Callable[..., Any], new_home: Callable[..., Any],
    new_tui: Callable[..., Any], figure: Callable[..., None],
) -> None:  # fmt: skip
    proxy = new_proxy(new_server())
    home = new_home().login(proxy.url, "ana")
    tui = new_tui(home, size=(150, 24))
    tui.wait_for("● live")
    proxy.decide = lambda call, rng: BUSY
    proxy.reset()
    tui.wait_for("offline: the server asks to come back later, next try in 10 min")
    tui.wait_gone("Ctrl-R now")
    before = len(proxy.done)
    proxy.decide = lambda call, rng: PASS
    tui.press("\x12")
    tui.wait_for("The server asked to be left alone until ")
    tui.press(*["\x12"] * 20, "\x11")
    assert tui.wait_end() == 0
    told = home.jamtui("post", "--forum", "ideas", "--title", "T", "--body", "B").stdout
    assert told.startswith("queued: the server asked to be left alone until ")
    (kept,) = home.path.rglob("retry-after")
    assert len(proxy.done) == before
    kept.write_text(rfc3339(datetime.now(UTC) + timedelta(seconds=8)))
    tui = new_tui(home, size=(150, 24))
    seen: set[str] = set()

    def counts(screen: str) -> bool:
        seen.update(re.findall(r"offline: the server asks to come back later, next try in (\d+) s", screen))
        return len(seen) > 2

    tui.wait(counts, "three seconds counted, with nobody pressing anything")
    asked = len(proxy.done) - before
    tui.wait_for("● live")
    tui.wait_gone("next try")
    tui.press("\x11")
    assert tui.wait_end() == 0
    assert not kept.exists()
    figure(f"promise 10: asked to wait for 600 s, {asked} requests by 21 keys, a command and a new start")
    assert asked == 0


def test_in_plain_mode(
    new_server: Callable[..., Any], new_proxy: Callable[..., Any], new_home: Callable[..., Any],
    new_tui: Callable[..., Any],
) -> None:  # fmt: skip
    proxy = new_proxy(new_server())
    home = new_home().login(proxy.url, "ana")
    home.jamtui("sync")
    proxy.decide = lambda call, rng: PAGE
    plain = new_tui(home, "--plain", size=(150, 40))
    plain.wait_for("offline: This network wants you to sign in: open a browser; next try at ")
    plain.wait_for("Ctrl-R tries now.")
    proxy.decide = lambda call, rng: PASS
    plain.press("\x12")
    plain.wait_for("Connecting anew.")
    plain.wait_for("Connection: live.")
    plain.press("q", "q", "q")
    assert plain.wait_end() == 0
