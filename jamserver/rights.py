"""Who may call which route: the table of rights, from the table of routes.

``python -m jamserver.rights`` prints docs/rights.md. `tests/contract/test_server_roles.py` asks a real server in every
cell.
"""

from __future__ import annotations

from collections.abc import Iterator

from jamserver.routes import ROUTES
from jamserver.web import Route, Who

# A caller without a token; somebody with one; who wrote the post or did the thing that is meant; hosts; moderators.
CALLERS = ("guest", "participant", "author", "host", "moderator")

_HEAD = """\
# Rights

Made from the table of routes by `make docs`; a test asks a real server in every cell. A guest has no token; a
participant has one and is not who wrote what is meant, which the author is. Experts may do what participants may. Where
the Jam lets no guests read, a guest may only do what is marked with a star.

A host may what stands there for hosts in the forums that name that person as host, and in those that name nobody.

The state of the Jam, a locked thread, a suspension and the limits ([wire](wire.md)) forbid more than this table does;
nothing allows more.

| route | guest | participant | author | host | moderator | what it does |
|---|---|---|---|---|---|---|
"""


def allowed(route: Route, caller: str) -> bool:
    """Whether this caller may, where the Jam lets guests read."""
    if caller == "guest":
        return route.who is not Who.SIGNED_IN
    return not route.only or caller in route.only


def _rows() -> Iterator[str]:
    for route in ROUTES:
        cells = ["yes" if allowed(route, caller) else " " for caller in CALLERS]
        if route.who is Who.ALWAYS:
            cells[0] = "yes*"
        yield f"| `{route.method} {route.path}` | {' | '.join(cells)} | {route.summary} |"


def page() -> str:
    """docs/rights.md."""
    return _HEAD + "\n".join(_rows()) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
