"""Lines from a real terminal: a signal that comes as a line is awaited is obeyed at once, not after the line."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from jamtui.plain import pipe
from jamtui.plain.console import Ended
from jamtui.plain.pipe import Pipe

LIMIT = 20.0  # seconds after which a signal is taken for lost


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    ours, theirs = os.openpty()
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


@pytest.mark.parametrize("number", [signal.SIGTSTP, signal.SIGTERM], ids=["Ctrl-Z", "SIGTERM"])
def test_a_signal_just_before_the_read_is_obeyed_at_once(
    number: signal.Signals, ends: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is when the kernel hands it over between Python's last look and the read that waits for a line: the read
    is not broken off. Here another thread gets the signal, which leaves this one in its read, too."""
    ours, theirs = ends
    obeyed = threading.Event()
    monkeypatch.setattr(pipe, "stop", obeyed.set)  # else the tests would stop
    in_time: list[bool] = []

    def shell() -> None:
        assert os.read(ours, 64) == b"> "
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [number])
        signal.pthread_kill(threading.get_ident(), number)
        in_time.append(obeyed.wait(LIMIT))
        os.write(ours, b"forums\n")

    with (
        os.fdopen(os.dup(theirs), "r") as read,
        os.fdopen(os.dup(theirs), "w") as write,
        Pipe(read, write, "> ") as console,
    ):

        def signalled(one: int, _: object) -> None:
            obeyed.set()
            console._signalled(one, None)

        if number is signal.SIGTERM:
            signal.signal(number, signalled)
        other = threading.Thread(target=shell)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [number])
        try:
            other.start()
            if number is signal.SIGTERM:
                with pytest.raises(Ended):
                    console.command(None)
            else:
                assert console.command(None) == "forums"
        finally:
            other.join()
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
    assert in_time == [True]
