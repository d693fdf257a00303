"""The parts of the run, and how one is run: in a process of its own, which begins with nothing imported."""

from __future__ import annotations

import importlib
import signal
import traceback
from multiprocessing import get_context
from multiprocessing.connection import Connection

from benchmarks.figures import Figure, Ground

PARTS = {  # the word for --only, and the module with its figures()
    "start": ".bench_start",
    "lists": ".bench_lists",
    "threads": ".bench_threads",
    "search": ".bench_search",
    "load": ".bench_load",
    "sync": ".bench_sync",
    "drawing": ".bench_drawing",
    "live": ".bench_live",
    "idle": ".bench_idle",
    "server": ".bench_server",
}


def run_part(module: str, ground: Ground, told: Connection) -> None:
    """Tells the figures of a part, or none and what went wrong; in the process of the part."""
    try:
        found, error = importlib.import_module(module, "benchmarks").figures(ground), ""
    except BaseException:  # noqa: BLE001 - whatever ends a part (SystemExit too) is told, and the others are measured
        found, error = [], traceback.format_exc()
    told.send((found, error))


def measure(name: str, ground: Ground) -> tuple[list[Figure], str]:
    """The figures of a part; one that says so when it failed or its process died, and then the whole error too."""
    processes = get_context("spawn")
    hears, told = processes.Pipe(duplex=False)
    part = processes.Process(target=run_part, args=(PARTS[name], ground, told))
    part.start()
    told.close()  # the part's is the only one, so its death is the end of what is heard
    with hears:
        try:
            found, error = hears.recv()
        except (EOFError, OSError):  # OSError: it died while it told
            part.join()
            found, error = [], f"its process {ended(part.exitcode)} before it told any figure"
    part.join()
    if error:
        last = error.strip().splitlines()[-1]
        return [Figure(name, f"the part {PARTS[name].lstrip('.')} failed", None, note=last)], error
    return found, ""


def ended(code: int | None) -> str:
    """How a process ended, in words; ``code`` is negative for a signal."""
    if code is None or code >= 0:
        return f"ended with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
