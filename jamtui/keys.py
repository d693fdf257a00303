"""The keys by which a person does things, as people call them: in hints, in the help, on `docs/keys.md`.

Run ``python -m jamtui.keys`` to print that page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct, field

from jamtui.actions import ACTIONS, BY_ID, Action, Group, Where, actions_of

_KEY_NAMES = {
    "space": "Space",
    "escape": "Esc",
    "enter": "Enter",
    "tab": "Tab",
    "shift+tab": "Shift-Tab",
    "down": "↓",
    "up": "↑",
    "left": "←",
    "right": "→",
    "home": "Home",
    "end": "End",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "slash": "/",
    "colon": ":",
    "question_mark": "?",
    "plus": "+",
    "comma": ",",
    "full_stop": ".",
    "minus": "-",
    "greater_than_sign": ">",
    "right_square_bracket": "]",
    "left_square_bracket": "[",
}


def key_name(key: str) -> str:
    """What stands on the keyboard for a key: ``ctrl+s`` is ``Ctrl-S``, ``plus`` is ``+``, ``f5`` is ``F5``."""
    if key in _KEY_NAMES:
        return _KEY_NAMES[key]
    *modifiers, last = key.split("+")
    if modifiers:
        end = last.upper() if len(last) == 1 else key_name(last)
        return "-".join([*(modifier.capitalize() for modifier in modifiers), end])
    if last in _SIGNS:
        return _SIGNS[last]
    return last.upper() if last[:1] == "f" and last[1:].isdecimal() else last


# Punctuation that no action has by default, but a person may choose; as Textual names it.
_SIGNS = {
    "exclamation_mark": "!", "quotation_mark": '"', "number_sign": "#", "dollar_sign": "$", "percent_sign": "%",
    "ampersand": "&", "apostrophe": "'", "left_parenthesis": "(", "right_parenthesis": ")", "asterisk": "*",
    "comma": ",", "full_stop": ".", "semicolon": ";", "less_than_sign": "<", "equals_sign": "=", "at": "@",
    "backslash": "\\", "circumflex_accent": "^", "underscore": "_", "grave_accent": "`", "left_curly_bracket": "{",
    "vertical_line": "|", "right_curly_bracket": "}", "tilde": "~", "backspace": "Backspace", "delete": "Del",
    "insert": "Ins",
}  # fmt: skip


class Keymap(Struct, frozen=True):
    """The keys of one person: the table's, but for the actions in ``changed`` (id to keys; none: unbound).

    Made from the configuration by `jamtui.keymap.keymap`, which sees to it that nothing in it clashes.
    """

    changed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, action_id: str) -> tuple[str, ...]:
        """The keys of an action, as Textual spells them."""
        return self.changed.get(action_id, BY_ID[action_id].keys)

    def shown(self, action_id: str) -> str:
        """All its keys as they are named to people: ``j, ↓``; "" when it has none."""
        return ", ".join(key_name(key) for key in self.of(action_id))

    def name(self, action_id: str) -> str:
        """How to do it, in the shortest words: its first key, else what is typed on the ``:`` line."""
        keys = self.of(action_id)
        return key_name(keys[0]) if keys else f":{action_id}"

    def fill(self, words: str, name: Callable[[str], str] | None = None) -> str:
        """Our own words with ``{undo}`` and the like filled in: how that is done, as ``name`` calls it. Never for
        words of others: what is in braces there is theirs."""
        return _IN_BRACES.sub(lambda found: (name or self.name)(found[1]), words)

    def help(self, action: Action) -> str:
        """What an action does, in words that name this person's keys."""
        return self.fill(action.help_words)


_IN_BRACES = re.compile(r"\{([a-z-]+)\}")
AS_DELIVERED = Keymap()


def hints(where: Where, leave_out: Iterable[str] = (), keymap: Keymap = AS_DELIVERED) -> list[tuple[str, str]]:
    """(key, label) pairs for the row of hints, the most useful first."""
    out = frozenset(leave_out)
    ranked = sorted((a for a in actions_of(where) if a.hint and a.id not in out), key=lambda a: a.hint)
    return [(keymap.name(action.id), action.label) for action in ranked if keymap.of(action.id)]


def grouped(words: str = "", keymap: Keymap = AS_DELIVERED) -> list[tuple[Group, list[Action]]]:
    """Actions by group; with ``words``, those in whose keys, names or help every word occurs (case-insensitive)."""
    wanted = words.casefold().split()
    found: list[tuple[Group, list[Action]]] = []
    for group in Group:
        rows = [a for a in ACTIONS if a.group is group and all(w in _haystack(a, keymap) for w in wanted)]
        if rows:
            found.append((group, rows))
    return found


def _haystack(action: Action, keymap: Keymap) -> str:
    return f"{action.id} {action.label} {keymap.help(action)} {keymap.shown(action.id)} {action.group}".casefold()


def keys_page() -> str:
    """`docs/keys.md`: the key map as Markdown tables."""
    lines = [
        "# Keys",
        "",
        "Made from the action table by `python -m jamtui.keys`; a test keeps it true. Every action can also be",
        "typed on the `:` line by its name, and found in the palette (`Ctrl-P`). How to give it other keys",
        "stands in [config.md](config.md#keys): its name without the colon is what is written there.",
    ]
    for group, rows in grouped():
        lines += ["", f"## {group}", "", "| keys | name | where | what it does |", "|---|---|---|---|"]
        for action in rows:
            keys = " ".join(f"`{key_name(key)}`" for key in action.keys) or " "
            name = f"`:{action.id}{' ' + action.argument.lstrip('?') if action.argument else ''}`"
            lines.append(f"| {keys} | {name} | {', '.join(action.where)} | {AS_DELIVERED.help(action)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(keys_page())
