"""``python -m jamserver``: the command, with the working folder off the path: it may hold packages of these names."""

import sys
from pathlib import Path

if __name__ == "__main__":
    first = Path(sys.path[0] or ".").resolve()
    if first == Path.cwd() and first != Path(__file__).resolve().parents[1]:
        del sys.path[0]
    from jamserver.cli import main

    sys.exit(main())
