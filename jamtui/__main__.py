"""``python -m jamtui``."""

import os
import sys


def forget_working_folder() -> None:
    """Takes the working folder off the import path.

    ``python -m`` puts it first there, so that a folder of somebody's own called ``widgets`` or ``screens`` would be
    imported in place of ours. It stays when jamtui itself was found there: then it is the clone.
    """
    ours = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))  # noqa: PTH120 - pathlib doubles the start-up
    if sys.path and os.path.realpath(sys.path[0]) != ours:
        del sys.path[0]


if __name__ == "__main__":
    if not sys.flags.safe_path:  # with -P Python has not put it there
        forget_working_folder()
    from jamtui.cli import main

    sys.exit(main())
