"""Why there is no connection stands in the status line, in plain mode as a sentence, and is gone when it is over."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from proxy import PASS, Answer

from api_client.errors import PORTAL

PAGE = Answer(200, b"<html><body>Login to WiFi</body></html>")
BUSY = Answer(503, b"", (("Retry-After", "600"),))


def test_in_the_status_line(
    new_server: Callable[..., Any], new_proxy: Callable[..., Any], new_home: Callable[..., Any],
    new_tui: Callable[..., Any],
) -> None:  # fmt: skip
    proxy = new_proxy(new_server())
    tui = new_tui(new_home().login(proxy.url, "ana"), size=(150, 24))
    tui.wait_for("● live")
    for answer, words in ((PAGE, PORTAL), (BUSY, "the server asks to come back later, next try in 10 min, Ctrl-R now")):
        proxy.decide = lambda call, rng, answer=answer: answer
        proxy.reset()
        tui.wait_for(words)
        proxy.decide = lambda call, rng: PASS
        tui.press("\x12")  # ctrl+r: at once, whatever is asked for
        tui.wait_for("● live")
        tui.wait_gone(words)
    proxy.decide = lambda call, rng: Answer(503, b"", (("Retry-After", "60"),))
    proxy.reset()
    seen: set[str] = set()

    def counts(screen: str) -> bool:
        seen.update(re.findall(r"next try in (\d+) s, Ctrl-R now", screen))
        return len(seen) > 2

    tui.wait(counts, "three seconds counted, with nobody pressing anything")
    proxy.decide = lambda call, rng: PASS
    tui.press("\x12")
    tui.wait_for("● live")
    tui.wait_gone("next try")
    tui.press("\x11")
    assert tui.wait_end() == 0


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
