"""Who looks like whom: what it adds to a load, and what the marks of a window of names cost.

    python benchmarks/bench_looks.py [--people 150000] [--runs 5]

A Jam of people alone, every tenth a namesake of another and every hundredth a look-alike, is loaded with and without
the table of looks, in turn, in a folder of its own. Processor time; times in ms.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from jamtui.archive import Person
from jamtui.store import columns, connection, mirror
from jamtui.store.looks import Looks
from jamtui.store.mirror import Loading, Mirror

WINDOW = 100  # people of a window of a list or a thread
_PERSON = msgspec.json.Decoder(Person)


def lines(count: int) -> list[bytes]:
    """A snapshot of ``count`` people."""
    rng = random.Random(1)
    letters = "abcdefghijklnoprstuvz"
    jam = {"format": 1, "id": "j", "slug": "j", "title": "J", "opens_at": "2026-01-01T00:00:00Z",
           "closes_at": "2026-01-02T00:00:00Z"}  # fmt: skip
    found = [json.dumps({"type": "jam", "data": jam}).encode()]
    names: list[str] = []
    for at in range(count):
        if at % 100 == 99:
            name = names[rng.randrange(len(names))].replace("a", "а").replace("o", "о")  # Cyrillic
        elif at % 10 == 9:
            name = names[rng.randrange(len(names))]
        else:
            parts = ["".join(rng.choices(letters, k=rng.randrange(4, 9))).title() for _ in range(2)]
            name = " ".join(parts)
        names.append(name)
        person = {"id": f"p{at}", "handle": f"{name.split()[0].lower()}.{at}", "name": name, "role": "participant"}
        found.append(json.dumps({"type": "person", "data": person}, ensure_ascii=False).encode())
    return found


def loaded(snapshot: list[bytes], folder: Path) -> float:
    db = connection.connect(folder / "mirror.sqlite", mirror.SCHEMA)
    begin = time.process_time()
    loading = Loading(Mirror(db), "1-aaaa")
    for line in snapshot:
        loading.feed(line)
    loading.finish("2026-01-01T00:00:00.000Z")
    took = time.process_time() - begin
    db.close()
    return took


def windows(folder: Path) -> tuple[float, float, int]:
    """Median of a window that nobody has seen yet, the same once more, and how many people are marked in all."""
    db = connection.connect(folder / "mirror.sqlite", mirror.SCHEMA)
    people = [(int(str(n)), _PERSON.decode(bytes(raw))) for n, raw in db.execute("SELECT n, raw FROM people")]  # type: ignore[arg-type]
    looks = Looks(db)
    first: list[float] = []
    again: list[float] = []
    marked = 0
    for at in range(0, min(len(people), 200 * WINDOW), WINDOW):
        window = dict(people[at : at + WINDOW])
        for times in (first, again):
            begin = time.process_time()
            found = looks.of(window)
            times.append(time.process_time() - begin)
        marked += sum(bool(look.alike) for look in found.values())
    db.close()
    return statistics.median(first), statistics.median(again), marked


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=150_000)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    snapshot = lines(args.people)
    times: dict[str, list[float]] = {"without": [], "with": []}
    seen: list[tuple[float, float, int]] = []
    for _ in range(args.runs):
        for how in times:
            with tempfile.TemporaryDirectory() as name:
                nothing: Callable[..., list[object]] = lambda *_: []  # noqa: E731
                if how == "without":
                    with mock.patch.object(columns, "looks", nothing):
                        times[how].append(loaded(snapshot, Path(name)))
                else:
                    times[how].append(loaded(snapshot, Path(name)))
                    seen.append(windows(Path(name)))
    bare, whole = (statistics.median(times[how]) * 1000 for how in ("without", "with"))
    first, again = (statistics.median(one[at] for one in seen) * 1000 for at in (0, 1))
    print(f"{args.people:,} people, median of {args.runs}")
    print(f"load without looks {bare:,.0f} ms, with them {whole:,.0f} ms: {whole / bare:.2f} x")
    print(f"marks of {WINDOW} people never seen {first:.2f} ms, seen before {again:.3f} ms; {seen[0][2]} marked")


if __name__ == "__main__":
    main()
