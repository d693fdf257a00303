"""All figures in one run and one table: ``python -m benchmarks`` (`make bench`).

    python -m benchmarks [--only start,search] [--peers|--no-peers] [--json FILE] [--markdown FILE] [--runs 5]

Each part runs in a process of its own, one after the other. Parts that fail, and parts whose process dies, are told in
the table and on standard error, and make the exit code 1; goals that are missed do not: a budget is no test.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from rich.console import Console

from benchmarks import peers
from benchmarks.figures import Figure, Ground, again, into_page, plain, summary, table
from benchmarks.parts import PARTS, measure

ROOT = Path(__file__).parents[1]


def parsed(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help=f"some of {', '.join(PARTS)}")
    parser.add_argument(
        "--earlier", type=Path, nargs="+", default=[], metavar="FILE",
        help="what earlier runs wrote with --json stands in the table too; alone it measures nothing",
    )  # fmt: skip
    parser.add_argument(
        "--peers",
        action=argparse.BooleanOptionalAction,
        help="install peers that are missing (benchmarks/peers.py); with --no-peers none is measured, and without "
        "either word those are that are installed",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures for programs")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="the table into a page such as docs/speed.md")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--posts", type=int, default=46_000)
    parser.add_argument("--archive", type=Path, help="a Jam to measure on, instead of a generated one")
    options = parser.parse_args(words)
    options.only = options.only.split(",") if options.only else [] if options.earlier else list(PARTS)
    unknown = [name for name in options.only if name not in PARTS]
    if unknown:
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    return options


def machine(runs: int) -> str:
    """When and where the figures were taken, in words that name nobody's machine."""
    memory = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    where = f"{platform.system()} ({platform.machine()}), {os.cpu_count()} processors, {memory} GiB"
    with_what = f"Python {platform.python_version()}, Textual {metadata.version('textual')}"
    return f"Taken on {datetime.now(UTC):%d %B %Y} on {where}, {with_what}; medians of {runs} runs."


def main(words: list[str] | None = None) -> int:
    options = parsed(words)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # set, it makes imports nearly three times as slow
    failures = peers.install() if options.peers else {}
    there = {} if options.peers is False else {**peers.find(), **failures}
    figures: list[Figure] = [one for path in options.earlier for one in again(json.loads(path.read_text("utf-8")))]
    failed = False
    with tempfile.TemporaryDirectory(prefix="jamtui-bench-") as name:
        folder = Path(name)
        archive = options.archive or folder / "jam.jsonl"
        if options.only and not options.archive:
            generate = [sys.executable, "-m", "jamserver", "generate", "--posts", str(options.posts), "--seed", "1"]
            longest = ["--big-thread", str(min(3_000, options.posts // 10))]
            subprocess.run([*generate, *longest, "-o", str(archive)], check=True, cwd=ROOT)
        ground = Ground(folder, archive.resolve(), options.runs, there)
        for part in options.only:
            begin = time.monotonic()
            print(f"measuring {part} …", end=" ", file=sys.stderr, flush=True)
            found, error = measure(part, ground)
            figures += found
            failed = failed or bool(error)
            print(f"{time.monotonic() - begin:.0f} s\n{error}".rstrip(), file=sys.stderr)
            if options.json:  # after each part: what was measured is there whatever ends this run
                options.json.write_text(json.dumps(plain(figures), indent=1), "utf-8")
    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(table(figures))
    console.print(summary(figures), markup=False, highlight=False)
    if options.json:
        options.json.write_text(json.dumps(plain(figures), indent=1), "utf-8")
    if options.markdown:
        page = options.markdown.read_text("utf-8") if options.markdown.exists() else ""
        options.markdown.write_text(into_page(page, figures, machine(options.runs)), "utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
