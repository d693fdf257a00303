"""What a person takes back out of the outbox is not at the Jam afterwards, also where it had arrived unheard."""

from __future__ import annotations

import random
from collections.abc import Callable

from behind_proxy import BehindProxy
from proxy import PASS, Call, DropAnswer, DropRequest, Fault

THREAD = "00000000-0000-7000-8000-000000000000"


def test_a_reply_that_was_dropped_is_nowhere(
    behind_proxy: Callable[[str], BehindProxy], figure: Callable[[str], None]
) -> None:
    server, proxy, home = behind_proxy("ana")
    home.jamtui("sync")
    faults: list[Fault] = [DropAnswer(), DropRequest()]  # it arrives; it does not
    for fault in faults:

        def lost(call: Call, _: random.Random, fault: Fault = fault) -> Fault:
            return fault if call.writes else PASS

        proxy.decide = lost
        (sent,) = home.rows("reply", THREAD, "--body", "too quick")
        assert sent["state"] == "queued"
        proxy.decide = lambda _call, _rng: PASS
        told = home.jamtui("outbox", "drop", sent["id"])
        assert "the Jam is asked to take it back, too" in told.stderr
        assert home.rows("outbox") == []
    home.jamtui("sync")
    replies = [data for kind, data in server.exported() if kind == "post" and data["parent_id"]]
    assert [(data["body"], data["state"]) for data in replies] == [("", "deleted")]
    assert [row["body"] for row in home.rows("drafts", "--thrown")] == ["too quick"] * 2
    figure("promise 7: 2 replies dropped from the outbox, one of which had arrived: 0 at the Jam, 2 texts kept")
