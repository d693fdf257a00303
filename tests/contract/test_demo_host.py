"""The demo host as its parent sees it: a process, one line, a server, and an end."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil
import pytest

TIME = "2011-02-09T12:00:00Z"
ARCHIVE = """\
{"type":"jam","data":{"format":1,"id":"j","slug":"old","title":"Old","opens_at":"2009-01-01T00:00:00.000Z","closes_at":"2009-01-02T00:00:00.000Z"}}
{"type":"person","data":{"id":"p","handle":"ada","name":"Ada"}}
{"type":"forum","data":{"id":"f","slug":"f","title":"F"}}
{"type":"post","data":{"id":"t","forum_id":"f","thread_id":"t","author_id":"p","title":"T","body":"B","created_at":"2009-01-01T01:00:00.000Z"}}
"""


@asynccontextmanager
async def demo(folder: Path, *words: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, str]]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "jamserver.demo", "--folder", str(folder), *words,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    try:
        async with asyncio.timeout(60):
            yield process, json.loads(await process.stdout.readline())
            process.stdin.close()
            assert await process.stdout.read() == b""
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_live_post_arrives_and_the_host_ends_with_its_parent(tmp_path: Path) -> None:
    async with demo(tmp_path, "--seed", "1") as (process, facts):
        children = psutil.Process(process.pid).children(recursive=True)
        headers = {"Authorization": f"Bearer {facts['token']}"}
        async with httpx.AsyncClient(base_url=facts["url"], headers=headers, trust_env=False, timeout=40) as client:
            discovery = (await client.get("/.well-known/jam")).json()
            assert discovery["jam"]["slug"] == "social-business-jam"
            assert (await client.get("/api/v1/me")).json()["handle"] == facts["handle"] == "demo"
            snapshot = await client.get("/api/v1/snapshot")
            known = {json.loads(line)["data"].get("id") for line in snapshot.text.splitlines()}
            assert len(known) > 4_000
            after = snapshot.headers["Jam-Cursor"]
            async with client.stream("GET", "/api/v1/stream", params={"after": after}) as stream:
                async for line in stream.aiter_lines():
                    change = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
                    if change.get("type") == "post" and change["data"]["id"] not in known:
                        assert change["data"]["author_id"] in known
                        break
                else:
                    pytest.fail("the stream ended without a new post")
    assert not psutil.pid_exists(process.pid)
    assert not [child for child in children if child.is_running()]


async def test_the_reader_has_a_ballot_in_a_poll_of_the_demo(tmp_path: Path) -> None:
    async with demo(tmp_path, "--seed", "1", "--freeze", TIME) as (_, facts):
        headers = {"Authorization": f"Bearer {facts['token']}"}
        async with httpx.AsyncClient(base_url=f"{facts['url']}/api/v1", headers=headers, trust_env=False) as client:
            first, second = (await client.get("/polls")).json()["items"]
            before = second["counts"]
            assert (await client.put(f"/polls/{first['id']}/ballot", json={"choice": 0})).status_code == 409  # is over
            after = (await client.put(f"/polls/{second['id']}/ballot", json={"choice": 2})).json()["counts"]
            assert after == [*before[:2], before[2] + 1, *before[3:]]
            assert len((await client.get("/announcements")).json()["items"]) == 3


async def test_frozen_twice_is_the_same_to_the_byte(tmp_path: Path) -> None:
    seen = []
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        async with demo(folder, "--seed", "4", "--freeze", TIME) as (_, facts):
            url = f"{facts['url']}/api/v1/snapshot"
            async with httpx.AsyncClient(trust_env=False) as client:
                answer = await client.get(url)
                seen.append((answer.content, answer.headers["Jam-Cursor"]))
    assert seen[0] == seen[1]


async def test_an_archive_is_shown_reopened(tmp_path: Path) -> None:
    file = tmp_path / "old.jsonl"
    file.write_text(ARCHIVE, encoding="utf-8")
    async with demo(tmp_path, "--archive", str(file), "--freeze", TIME) as (_, facts):
        headers = {"Authorization": f"Bearer {facts['token']}"}
        async with httpx.AsyncClient(base_url=facts["url"], headers=headers, trust_env=False) as client:
            jam = (await client.get("/api/v1/jam")).json()
            assert jam["closes_at"] == "2011-02-12T12:00:00.000Z"
            answer = await client.put(
                "/api/v1/posts/0195f000-0000-7000-8000-000000000001", json={"parent_id": "t", "body": "Hello"}
            )
            assert answer.status_code == 201
            assert answer.json()["created_at"] == "2011-02-09T12:00:00.000Z"


async def test_the_folder_goes_with_it(tmp_path: Path) -> None:
    """Also when whoever started it was killed, and could not remove it: its standard input ends then."""
    folder = tmp_path / "demo"
    folder.mkdir()
    async with demo(folder, "--remove", "--freeze", TIME):
        assert (folder / "demo.sqlite").exists()
    assert not folder.exists()


async def test_sigterm_ends_it(tmp_path: Path) -> None:
    async with demo(tmp_path, "--freeze", TIME) as (process, _):
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


@pytest.mark.parametrize(
    ("words", "told", "code"),
    [
        (["--freeze", "noon"], "noon is no time", 2),
        (["--archive", "/nowhere/jam.jsonl"], "there is no file /nowhere/jam.jsonl", 5),
    ],
)
async def test_what_cannot_be_meant(tmp_path: Path, words: list[str], told: str, code: int) -> None:
    """Standard input stays open: an end of it would be a reason to stop as well."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "jamserver.demo", "--folder", str(tmp_path), *words,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout
    assert process.stderr
    async with asyncio.timeout(60):
        assert told in (await process.stderr.read()).decode()
        assert await process.stdout.read() == b""
        assert await process.wait() == code
