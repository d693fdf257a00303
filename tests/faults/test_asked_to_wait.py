"""`jamtui sync` by cron, at a server that asks to be left alone: the next runs ask nothing of it, and say why."""

from __future__ import annotations

from collections.abc import Callable

from behind_proxy import BehindProxy
from proxy import PASS, Answer


def test_a_run_that_is_told_to_wait_keeps_the_next_ones_from_asking(
    behind_proxy: Callable[[str], BehindProxy], figure: Callable[[str], None]
) -> None:
    _, proxy, home = behind_proxy("ana")
    proxy.decide = lambda _call, _rng: Answer(503, b"", (("Retry-After", "600"), ("Content-Type", "text/plain")))
    assert home.jamtui("sync", code=4).stdout == ""
    before = len(proxy.done)
    proxy.decide = lambda _call, _rng: PASS
    for _ in range(2):
        assert "asked to be left alone until" in home.jamtui("sync", code=4).stderr
    asked = len(proxy.done) - before
    (kept,) = home.path.rglob("retry-after")
    kept.write_text("2026-01-01T00:00:00Z")  # it is over
    home.jamtui("sync")
    assert not kept.exists()
    assert home.rows("forums")
    figure(f"promise 10: asked to wait for 600 s, {asked} requests by the next 2 runs")
    assert asked == 0
