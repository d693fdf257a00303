"""The people who write, as a process of its own: sends posts at a steady pace and notes when each was confirmed.

Standard input is a JSON object: ``url``, ``tokens``, ``rate`` (posts a second) and ``posts``, each [token's number,
id, content]. Standard output gets, when all are confirmed, [[monotonic seconds of the answer, Jam-Seq]...] in the
order of the posts. A post that is refused ends it.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time

CONNECTIONS = 16


async def main() -> None:
    plan = json.load(sys.stdin)
    host, port = plan["url"].removeprefix("http://").split(":")
    answered: list[tuple[float, int]] = [(0.0, 0)] * len(plan["posts"])
    due: asyncio.Queue[int | None] = asyncio.Queue()

    async def send() -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        while (number := await due.get()) is not None:
            token, post_id, content = plan["posts"][number]
            body = json.dumps(content).encode()
            head = (
                f"PUT /api/v1/posts/{post_id} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {plan['tokens'][token]}"
                f"\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body)
            told = await reader.readuntil(b"\r\n\r\n")
            length = int(re.search(rb"(?i)content-length: (\d+)", told)[1])  # type: ignore[index]
            answer = await reader.readexactly(length)
            if b" 201 " not in told.split(b"\r\n")[0]:
                raise SystemExit(f"refused: {answer!r}")
            answered[number] = time.monotonic(), int(re.search(rb"(?i)jam-seq: (\d+)", told)[1])  # type: ignore[index]
        writer.close()

    senders = [asyncio.create_task(send()) for _ in range(CONNECTIONS)]
    begin = time.monotonic()
    for number in range(len(plan["posts"])):
        await asyncio.sleep(max(0.0, begin + number / plan["rate"] - time.monotonic()))
        due.put_nowait(number)
    for _ in senders:
        due.put_nowait(None)
    await asyncio.gather(*senders)
    json.dump(answered, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
