"""Signals that end a command, so that what it has taken is given back."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator, Sequence
from types import FrameType


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end the program the way Ctrl-C does, so that what stands in ``finally`` is done.

    The TUI has its own handlers while it runs, and gives these back.
    """
    with _handled((signal.SIGTERM, signal.SIGHUP)):
        yield


@contextlib.contextmanager
def while_asked() -> Iterator[None]:
    """The same for a question on the terminal, and Ctrl-C: an event loop would wait for the answer before it obeys."""
    with _handled((signal.SIGTERM, signal.SIGHUP, signal.SIGINT)):
        yield


@contextlib.contextmanager
def _handled(numbers: Sequence[signal.Signals]) -> Iterator[None]:
    def end(number: int, _: FrameType | None) -> None:
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
