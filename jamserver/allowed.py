"""Whether the Jam takes a write now: by its state, its phase and the role of who writes (`jamtui.event`).

What counts is the time at which the write arrives here; the writer's own clock says nothing.
"""

from __future__ import annotations

from typing import Protocol

from jamserver import objects
from jamserver.log import Tx
from jamserver.problems import Problem
from jamtui import event
from jamtui.archive import rfc3339
from jamtui.event import Act

__all__ = ["Act", "require_allowed"]


class Acting(Protocol):
    """Who writes; of a person only the role counts here."""

    @property
    def role(self) -> str: ...


def require_allowed(tx: Tx, actor: Acting, act: Act) -> None:
    """Raises 403: ``jam_closed`` (not open yet, closed and its grace over, archived), ``phase_closed`` (the phase does
    not take this), ``forbidden`` (the role never may)."""
    refusal = event.taken(objects.jam(tx.db), tx.now, actor.role, act)
    if refusal is not None:
        raise Problem(refusal.code, f"{event.reason(refusal, lambda at: f'at {rfc3339(at)}')}.")
