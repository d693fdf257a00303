"""The parts of the run, and how one is run: in a process of its own, which begins with nothing imported."""

from __future__ import annotations

import importlib
import traceback
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from benchmarks.figures import Figure, Ground

PARTS = {  # the word for --only, and the module with its figures()
    "start": "bench_start",
    "lists": "bench_lists",
    "threads": "bench_threads",
    "search": "bench_search",
    "load": "bench_load",
    "sync": "bench_sync",
    "drawing": "bench_drawing",
    "live": "bench_live",
    "idle": "bench_idle",
    "server": "bench_server",
}


def run_part(module: str, ground: Ground) -> tuple[list[Figure], str]:
    """The figures of a part, or none and what went wrong; in the process of the part."""
    try:
        return importlib.import_module(f"benchmarks.{module}").figures(ground), ""
    except BaseException:  # noqa: BLE001 - whatever ends a part (SystemExit too) is told, and the others are measured
        return [], traceback.format_exc()


def measure(name: str, ground: Ground) -> tuple[list[Figure], str]:
    """The figures of a part; one that says so when it failed, and then the whole error too."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        found, error = pool.submit(run_part, PARTS[name], ground).result()
    if error:
        last = error.strip().splitlines()[-1]
        return [Figure(name, f"the part {PARTS[name]} failed", None, note=last)], error
    return found, ""
