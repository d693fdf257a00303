"""Textual bindings made from the action table: the only place where keys meet what they do."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from jamtui.actions import Where, actions_of


def bindings(where: Where, *, priority: bool = False) -> list[BindingType]:
    """The bindings of one place. Each has the action's id, so that a keymap can change its keys."""
    return [
        Binding(
            ",".join(action.keys),
            action.method,
            action.label,
            show=False,
            tooltip=action.help,
            id=f"{where.name.lower()}.{action.id}",
            priority=priority,
        )
        for action in actions_of(where)
        if action.keys
    ]
