"""Textual bindings made from the action table, and the keys of one person put into them.

Textual's own keymap is not used: it knows no way to take all keys away, reaches no action that comes without one, and
is worked out anew at every key press.
"""

from __future__ import annotations

from textual.binding import Binding, BindingsMap, BindingType
from textual.dom import DOMNode

from jamtui.actions import Where, actions_of
from jamtui.keys import AS_DELIVERED, Keymap


def bindings(where: Where, *, priority: bool = False, only_here: bool = False, target: str = "") -> list[BindingType]:
    """The bindings of one place. The end of each id, after the last dot, is the action's, by which `rebind` finds it.

    ``only_here`` leaves out what works elsewhere, too; ``target`` is whose actions they are (``screen.``).
    An action without keys gets one that no keyboard has, so that a person may give it a real one.
    """
    return [
        Binding(
            ",".join(action.keys) or f"<{action.id}>",
            # An argument that is needed is asked for on the ":" line.
            f"{target}command('{action.id} ')"
            if action.argument and not action.argument.startswith("?")
            else f"{target}{action.method}",
            action.label,
            show=False,
            tooltip=AS_DELIVERED.help(action),  # markup: our own words; a test says that none of them has a bracket
            id=f"{where.name.lower()}.{action.id}",
            priority=priority,
        )
        for action in actions_of(where)
        if not only_here or action.where == (where,)
    ]


def rebind(node: DOMNode, keymap: Keymap) -> None:
    """Gives the bindings of one node the keys of the keymap: those whose id ends in the name of an action.

    They come before what Textual binds to the same key, but not before the letters that stand on a dialog's buttons.
    """
    if not keymap.changed:
        return
    after: dict[str, list[Binding]] = {}
    moved: dict[str, Binding] = {}
    for key, found in node._bindings.key_to_bindings.items():
        for binding in found:
            name = binding.id or ""
            if name.rpartition(".")[2] in keymap.changed:
                moved.setdefault(name, binding)
            else:
                after.setdefault(key, []).append(binding)
    for name, binding in moved.items():
        action_id = name.rpartition(".")[2]
        for key in keymap.of(action_id) or (f"<{action_id}>",):
            there = after.setdefault(key, [])
            there.insert(len(there) if name.startswith("dialog.") else 0, binding.with_key(key))
    node._bindings = BindingsMap.from_keys(after)
