"""A real mirror of the frozen demo Jam, made once for a run and copied for each test: half a second a test otherwise.

mirrored            the fixture: the Jam as it is known in a home that no test writes to
copied(jam, folder) its copy in the home ``folder``, to be opened with `open_session`
"""

from __future__ import annotations

import random
import shutil
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from jamserver.demo_jam import demo_records
from jamtui.paths import Home
from jamtui.session import open_session
from jamtui.store import connection, mirror, registry
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.opening import prepare

NOW = datetime(2011, 2, 9, 14, tzinfo=UTC)


@pytest.fixture(scope="session")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> registry.KnownJam:
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path_factory.mktemp("home"))})
    records = list(demo_records(1, NOW))
    me = next(data for kind, data in records if kind == "person" and data["handle"] == "demo")
    jam = registry.for_server(home, "http://127.0.0.1:9", "social-business", "Social Business Jam").changed(
        person_id=me["id"], handle="demo", name=me["name"], role="participant", store="file"
    )
    registry.remember(home, jam)
    prepare(jam, NOW)
    with closing(connection.connect(jam.mirror, mirror.SCHEMA)) as db:
        loading = Loading(Mirror(db), "1-aaaa")
        for kind, data in records:
            loading.feed(msgspec.json.encode({"type": kind, "data": data}))
        loading.finish("2011-02-09T14:00:00.000Z")
    # Looked through once, and left as it is: each test would do that with its copy, else.
    open_session(home, jam, clock=lambda: NOW, rng=random.Random(1), environ={}).close()
    return jam


def copied(jam: registry.KnownJam, folder: Path) -> tuple[Home, registry.KnownJam]:
    shutil.copytree(jam.folder, folder / "jams" / jam.folder.name)
    home = Home.from_env({"JAMTUI_HOME": str(folder)})
    return home, registry.find(home, None)
