"""A token goes to the one server that it is for: what two servers were really sent is searched for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from raw_server import RawServer, always, response

from jamtui.credentials import Secret, open_store
from jamtui.errors import NotSignedIn
from jamtui.paths import Home
from jamtui.store import registry
from jamtui.sync.sign_in import _mark, client_for

PAGE = json.dumps({"items": [], "head": "0-aaaa"}).encode()
STORED, GIVEN, NOBODYS = "canary-stored-4f2a", "canary-environment-91c7", "canary-of-nobody-77d0"


async def test_no_token_is_sent_to_another_origin(tmp_path: Path, figure: Callable[[str], None]) -> None:
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path)})
    with_store, with_env, with_none = (RawServer(always(response(PAGE))) for _ in range(3))
    async with with_store.running(), with_env.running(), with_none.running():
        jams = []
        for server, store in ((with_store, "file"), (with_env, "env"), (with_none, "none")):
            person = "" if store == "none" else "one person of this id"
            jam = registry.for_server(home, server.origin, "tea", "Tea", person).changed(store=store, handle="ana")
            if store == "file":
                open_store("file", home=home, environ={}).save(jam.account, Secret(STORED))
            if store == "env":
                jam = jam.changed(token=_mark(server.origin, Secret(GIVEN)))
            registry.remember(home, jam)
            jams.append(jam)
        refused = 0
        for environ in ({}, {"JAMTUI_TOKEN": GIVEN}, {"JAMTUI_TOKEN": NOBODYS}):
            for jam in jams:
                try:
                    async with client_for(home, jam, environ) as client:
                        await client.changes()
                except NotSignedIn:
                    refused += 1
    sent = [(server, "\n".join(server.requests)) for server in (with_store, with_env, with_none)]
    assert [STORED in text for _, text in sent] == [True, False, False]
    assert [GIVEN in text for _, text in sent] == [False, True, False]
    assert not any(NOBODYS in text for _, text in sent)
    assert [len(server.requests) for server, _ in sent] == [2, 1, 3]
    assert refused == 3
    figure("promise 5: 0 tokens at another origin's server, in 9 calls to 3 servers")
