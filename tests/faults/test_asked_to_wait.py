"""`jamtui sync` by cron, at a server that asks to be left alone: the next runs ask nothing of it, and say why."""

from __future__ import annotations

from collections.abc import Callable

from behind_proxy import BehindProxy
from proxy import PASS, Answer


def test_what_the_server_asked_for_one_write_stands_when_a_person_retries_it(
    behind_proxy: Callable[[str], BehindProxy],
) -> None:
    _, proxy, home = behind_proxy("ana")
    slower = Answer(429, b"{}", (("Retry-After", "600"), ("Content-Type", "application/json")))
    proxy.decide = lambda call, _rng: slower if call.writes and "/posts/" in call.path else PASS
    home.jamtui("sync")
    home.jamtui("post", "--forum", "ideas", "--title", "T", "--body", "B")
    assert proxy.count(Answer) == 1
    proxy.decide = lambda _call, _rng: PASS
    (row,) = home.rows("outbox")
    before = sum(call.writes for call, _ in proxy.done)
    home.jamtui("outbox", "retry", row["id"])
    (after,) = home.rows("outbox")
    assert (after["state"], after["next_try"], after["reason"]) == ("queued", row["next_try"], row["reason"])
    assert sum(call.writes for call, _ in proxy.done) == before


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
