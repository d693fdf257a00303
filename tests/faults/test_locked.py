"""A thread that a moderator has locked: the text is kept with the reason, nothing else waits for it, and when it is
open again, it goes out. The reference server cannot lock yet; the proxy answers as `docs/wire.md` has it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

from behind_proxy import BehindProxy
from proxy import PASS, Answer, Call, Fault

THREAD, OTHER = (f"00000000-0000-7000-8000-0000000000{n:02x}" for n in (0, 1))
PROBLEM = json.dumps({
    "type": "urn:jam:problem:post_locked", "title": "Locked", "status": 403, "code": "post_locked",
    "detail": "A moderator has locked this thread.",
}).encode()  # fmt: skip
LOCKED = Answer(403, PROBLEM, (("Content-Type", "application/problem+json"),))


def test_what_is_written_in_a_locked_thread_is_kept_and_goes_out_when_it_is_open_again(
    behind_proxy: Callable[[str], BehindProxy], figure: Callable[[str], None]
) -> None:
    server, proxy, home = behind_proxy("ana")
    home.jamtui("sync")

    def locked(call: Call, _: random.Random) -> Fault:
        return LOCKED if call.writes and (THREAD in call.path or THREAD.encode() in call.body) else PASS

    proxy.decide = locked
    told = home.jamtui("reply", THREAD, "--body", "into the locked one", code=6).stderr
    assert "This thread is locked" in told
    assert "It is kept" in told
    home.jamtui("tag", THREAD, "late", code=6)
    home.jamtui("vote", THREAD, code=6)
    home.jamtui("reply", OTHER, "--body", "into the other one")  # which waits for none of them
    rows = home.rows("outbox")
    assert [(row["kind"], row["state"], row["code"]) for row in rows] == [
        (kind, "refused", "post_locked") for kind in ("post", "tag", "vote")
    ]
    assert all(row["reason"] and "when the thread is open" in row["can"] for row in rows)
    assert ["elsewhere" in row["can"] for row in rows] == [True, False, False]  # only a text can go elsewhere
    home.jamtui("sync")
    assert len(home.rows("outbox")) == 3  # it is not tried again by itself
    proxy.decide = lambda _call, _rng: PASS
    for row in rows:
        home.jamtui("outbox", "retry", row["id"])
    assert home.rows("outbox") == []
    bodies = [data["body"] for kind, data in server.exported() if kind == "post" and data["parent_id"]]
    assert sorted(bodies) == ["into the locked one", "into the other one"]
    figure("a locked thread: 3 writes refused in words and kept, 3 sent when it was open again")
