"""The last screen, painted before the program is imported.

``jamtui`` without words shows again where one left off. What it showed when it ended is kept as the bytes that draw it,
and the next start writes them to the terminal in the time that Python itself takes to start; the full screen draws its
first frame over them a quarter of a second later. Keys that are typed in between wait for it.

Kept by whoever runs the full screen (`keep`, mode 0600), painted once (`paint`): a run that ends in any other way than
by leaving leaves none, and nothing is painted when the terminal, the configuration or the Jam is another one by then.
Until `Painted.hand_over` the terminal is ours to give back (`Painted.withdraw`). Nothing but `os` is imported here.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing's own is not worth its import: see jamtui.output
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from jamtui.paths import Home

_FORMAT = "jamtui screen 1"
_MAX_BYTES = 1 << 20
ENTER = "\x1b[?1049h"  # the alternate screen
_BEGIN = f"{ENTER}\x1b[?25l\x1b[?7l".encode()  # no cursor, no wrapping
_END = b"\x1b[?7h\x1b[?25h\x1b[?1049l"
# What changes how a screen looks, and is no file.
_NAMES = ("TERM", "COLORTERM", "NO_COLOR", "LC_ALL", "LC_CTYPE", "LANG", "TZ")
_INPUT, _SCREEN = 0, 2  # Textual draws on standard error


class Painted:
    """A terminal that shows the last screen, without echo, until the full screen takes it over."""

    def __init__(self, settings: list[Any]) -> None:
        import _signal  # type: ignore[import-not-found]  # `signal` itself takes milliseconds

        self._settings: list[Any] | None = settings  # None: no longer ours
        self._on_screen = True
        for number in (_signal.SIGTERM, _signal.SIGHUP):
            _signal.signal(number, _end)

    def hand_over(self) -> None:
        """The full screen comes now: it finds the line settings as they were."""
        if self._settings is not None:
            import _signal
            import termios

            for number in (_signal.SIGTERM, _signal.SIGHUP):
                if _signal.getsignal(number) is _end:  # else the full screen looks after it already
                    _signal.signal(number, _signal.SIG_DFL)
            termios.tcsetattr(_INPUT, termios.TCSANOW, self._settings)
            self._settings = None

    def take_screen(self) -> bool:
        """Whether the alternate screen is already there. True once."""
        there, self._on_screen = self._on_screen, False
        return there

    def withdraw(self) -> None:
        """Gives the terminal back as it was, unless it was handed over."""
        if self._settings is not None:
            self.hand_over()
            self._on_screen = False
            os.write(_SCREEN, _END)


def _end(number: int, _: object) -> None:
    sys.exit(128 + number)


def paint(environ: Mapping[str, str]) -> Painted | None:
    """Shows the screen that was kept for this terminal, if there is one."""
    try:
        import termios
    except ImportError:  # no POSIX terminal
        return None
    if not all(os.isatty(number) for number in (0, 1, 2)):
        return None
    found = _places(environ)
    if found is None:
        return None
    kept = _taken(f"{found[2]}/screen")
    head, _, drawing = kept.partition(b"\n")
    try:
        columns, lines = os.get_terminal_size(_SCREEN)
        if not drawing or head != _head(environ, found, columns, lines):
            return None
        settings = termios.tcgetattr(_INPUT)
        quiet = [*settings]
        # Keys are for the full screen, each of them: no echo, no line to edit, Ctrl-S and Ctrl-Q stop nothing. But
        # Ctrl-C still ends a start that takes too long.
        quiet[0] &= ~(termios.IXON | termios.IXOFF | termios.ICRNL)
        quiet[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
        termios.tcsetattr(_INPUT, termios.TCSANOW, quiet)
    except (OSError, termios.error):  # a terminal that cannot be asked
        return None
    painted = Painted(settings)
    data = _BEGIN + drawing
    while data:
        data = data[os.write(_SCREEN, data) :]
    return painted


def keep(environ: Mapping[str, str], drawing: str, columns: int, lines: int) -> None:
    """Keeps what draws the screen for the next start. Raises `jamtui.paths.PathError`."""
    from pathlib import Path

    from jamtui.paths import make_private_dir, write_private

    found = _places(environ)
    if found is not None and len(drawing) < _MAX_BYTES:
        make_private_dir(Path(found[2]))
        write_private(Path(found[2], "screen"), _head(environ, found, columns, lines) + b"\n" + drawing.encode())


def forget(home: Home) -> None:
    """Removes what is kept: the Jam that it shows goes."""
    (home.state / "screen").unlink(missing_ok=True)


def _places(environ: Mapping[str, str]) -> tuple[str, str, str] | None:
    """The folders of configuration, data and state, as `jamtui.paths.Home` has them; None where nothing is painted."""
    if root := environ.get("JAMTUI_HOME", ""):
        root = os.path.abspath(os.path.expanduser(root))  # noqa: PTH100, PTH111 - pathlib takes ten milliseconds
        return root, root, f"{root}/state"
    home = environ.get("HOME", "")
    if not sys.platform.startswith("linux") or not home.startswith("/"):
        return None
    found = []
    for name, usual in (("CONFIG", ".config"), ("DATA", ".local/share"), ("STATE", ".local/state")):
        said = environ.get(f"XDG_{name}_HOME", "").strip()
        found.append(f"{said if said.startswith('/') else f'{home}/{usual}'}/jamtui")
    return found[0], found[1], found[2]


def _taken(path: str) -> bytes:
    """What is in the file, which is removed; nothing unless it is a file of this person's that nobody else can read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        found = os.fstat(descriptor)
        if found.st_mode != 0o100600 or found.st_uid != os.geteuid() or found.st_size > _MAX_BYTES:
            return b""
        os.unlink(path)  # noqa: PTH108 - pathlib takes ten milliseconds
        return os.read(descriptor, _MAX_BYTES)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _head(environ: Mapping[str, str], places: tuple[str, str, str], columns: int, lines: int) -> bytes:
    """All that the looks of a screen depend on, on one line."""
    config, data, state = places
    last = _read(f"{data}/jams/last")
    files = (f"{config}/config.toml", f"{state}/choices.json", f"{data}/jams/{last}/jam.json")
    said = [f"{name}={environ[name]}" for name in environ if name in _NAMES or name.startswith("TEXTUAL")]
    return repr((_FORMAT, columns, lines, last, [_stamp(path) for path in files], sorted(said))).encode()


def _read(path: str) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return os.read(descriptor, 1024).decode("utf-8", "replace").strip()
    finally:
        os.close(descriptor)


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - pathlib takes ten milliseconds
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
