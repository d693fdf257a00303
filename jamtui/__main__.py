"""``python -m jamtui``."""

import sys
from pathlib import Path


def forget_working_folder() -> None:
    """Takes the working folder off the import path.

    ``python -m`` puts it first there, so that a folder of somebody's own called ``widgets`` or ``screens`` would be
    imported in place of ours. It stays when jamtui itself was found there: then it is the clone.
    """
    ours = Path(__file__).resolve().parent.parent
    if sys.path and Path(sys.path[0]).resolve() != ours:
        del sys.path[0]


if __name__ == "__main__":
    if not sys.flags.safe_path:  # with -P Python has not put it there
        forget_working_folder()
    from jamtui.cli import main

    sys.exit(main())
