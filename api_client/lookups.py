"""Names are looked up on threads that nobody waits for.

A resolver that does not answer holds ``getaddrinfo`` for half a minute and longer, and nothing breaks it off. A call
gives up sooner; but the threads of an event loop are waited for when it ends, and those of `concurrent.futures` when
the process does: a command that had long said *queued*, and a screen that was left, stood there until the resolver had
given up.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Lookups(ThreadPoolExecutor):
    """The executor of a client's loop: each lookup has a thread of its own, which ends with the process. All else (a
    secret that is being written, say) is waited for as ever."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        if "getaddrinfo" not in getattr(fn, "__name__", ""):
            return super().submit(fn, *args, **kwargs)
        future: Future[T] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
                future.set_exception(error)
            else:
                future.set_result(result)

        threading.Thread(target=work, name="jamtui-lookup", daemon=True).start()
        return future
