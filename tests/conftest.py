"""For all tests: figures that a test found out are printed after the run, also when it ran beside others."""

from __future__ import annotations

import os
import signal
import threading
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from oidc_provider import oidc_issuer, oidc_provider

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import WorkStealingScheduling

__all__ = ["oidc_issuer", "oidc_provider"]  # fixtures for all tests

# A run that a shell started in the background ignores Ctrl-C, and so would every program that a test starts.
if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """``figure("promise 2: 0 crashes over 213 places")`` stands in the list at the end of the run.

    ``figure("memory rose by at most {:.1f} MiB in {} cases", 3.2)``: of all with these words the largest is told, and
    how many there were.
    """

    def tell(words: str, value: float | None = None) -> None:
        record_property("figure", (words, value))

    return tell


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        if isinstance(report, pytest.TestReport) and report.when == "call"
    ]
    found: defaultdict[str, list[float]] = defaultdict(list)
    for report in reports:
        for name, told in report.user_properties:
            if name == "figure":
                words, value = told
                found[words] += [] if value is None else [value]
    if found:
        terminalreporter.section("figures")
    for words, values in sorted(found.items()):
        terminalreporter.write_line(words.format(max(values), len(values)) if values else words)


def pytest_xdist_auto_num_workers() -> int:
    """``-n auto``: two more than there are processors: most tests wait for real programs for much of their time."""
    return (os.cpu_count() or 1) + 2


@pytest.hookimpl(optionalhook=True)  # without xdist nobody asks
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> WorkStealingScheduling:
    """Each worker has a part of the tests that stand together, and takes over from another what is left of its own.

    So what is made once for a file (a server with the real Jam, a mirror of it) is made once, not once in each worker.
    """
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log)
