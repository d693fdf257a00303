"""How somebody is told of what came for them: the ``[notify]`` table of the configuration, and what is written for it.

    [notify]
    by = "auto"                       osc9, osc777, osc99, desktop or nothing; auto: what this terminal is known to take
    reasons = ["answers", "mentions"] which rows of the inbox are worth it
    banner = true                     a quiet line on our own screen
    bell = false
    tmux = false                      through tmux to the terminal around it (tmux: allow-passthrough on)
    quiet = "22:00-07:00"             nothing but the banner then, by the clock of this machine
    every = 10                        seconds between two; what comes meanwhile is summed up

Words of strangers go into a control sequence here, and to another program. So what is written is made in one place,
`sequence`: one sequence, begun and ended by us, around text without any control, format or unassigned code, cut, that
begins with a word of our own (terminals take digits at the begin of OSC 9 for other commands). OSC 99 has it in Base64.
"""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime, time, tzinfo
from pathlib import Path
from typing import Final

from msgspec import Struct

from jamtui.config import Entry, Problem
from jamtui.errors import UsageError
from jamtui.notice import Reason, reasons_of
from jamtui.opener import SECRETS
from jamtui.safe_text import refuse_controls, safe_line

LIMIT: Final = 160  # code points of a notification
SECONDS: Final = 5.0  # that another program may take
BEGIN: Final = "jamtui: "
BY: Final = ("auto", "osc9", "osc777", "osc99", "desktop", "nothing")
_ESC, _ST = "\x1b", "\x1b\\"
_DEFAULT = frozenset(
    {Reason.ANSWER, Reason.MENTION, Reason.NOTICE, Reason.REPORT, Reason.ANNOUNCEMENT, Reason.LINK, Reason.THREAD}
)


class Settings(Struct, frozen=True):
    """What a person chose."""

    by: str = "auto"
    reasons: frozenset[Reason] = _DEFAULT
    banner: bool = True
    bell: bool = False
    tmux: bool = False
    quiet: tuple[time, time] | None = None
    every: int = 10

    def quiet_at(self, moment: datetime, zone: tzinfo | None = None) -> bool:
        """Whether these are quiet hours: by the clock on the wall in ``zone`` (None: of this machine), whatever was
        done to it that night."""
        if self.quiet is None:
            return False
        begin, end = self.quiet
        here = moment.astimezone(zone).time()
        return begin <= here < end if begin < end else here >= begin or here < end


# Name to what may be there, in words, with an example.
ALLOWED = {
    "by": " or ".join(f'"{one}"' for one in BY),
    "reasons": f"a list of {', '.join(Reason)}",
    "banner": "true or false",
    "bell": "true or false",
    "tmux": "true or false",
    "quiet": 'hours like "22:00-07:00", or ""',
    "every": "a number of seconds, 1 to 3600",
}


def settings(entries: Sequence[Entry]) -> tuple[Settings, list[Problem]]:
    """The ``[notify]`` table. What cannot be meant is told with its line, and its default counts."""
    import difflib

    made: dict[str, object] = {}
    problems: list[Problem] = []
    for one in entries:
        if one.name not in ALLOWED:
            near = difflib.get_close_matches(one.name.lower(), ALLOWED, n=1)
            said = f"did you mean {near[0]}?" if near else f"there are: {', '.join(ALLOWED)}"
            problems.append(Problem(one.line, f"notify.{one.name}", f"[notify] has no {one.name!r}; {said}"))
            continue
        try:
            made[one.name] = _meant(one)
        except (ValueError, UsageError):
            said = f"notify: {one.name} must be {ALLOWED[one.name]}; the default counts"
            problems.append(Problem(one.line, f"notify.{one.name}", said))
    return Settings(**made), problems  # type: ignore[arg-type] # each was looked at


def _meant(one: Entry) -> object:
    """The value of an entry; `ValueError` when it can be none."""
    value = one.value
    match one.name:
        case "by" if value in BY:
            return value
        case "banner" | "bell" | "tmux" if isinstance(value, bool):
            return value
        case "every" if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 3600:
            return value
        case "reasons" if isinstance(value, list) and all(isinstance(word, str) for word in value):
            return reasons_of(value)
        case "quiet" if isinstance(value, str):
            return hours(value) if value else None
    raise ValueError(one.name)


def hours(text: str) -> tuple[time, time]:
    """``22:00-07:00``. Raises `ValueError`; also for a span without a length."""
    begin, dash, end = text.partition("-")
    found = _clock(begin), _clock(end)
    if not dash or found[0] == found[1]:
        raise ValueError(text)
    return found


def _clock(text: str) -> time:
    hour, colon, minute = text.strip().partition(":")
    if not (colon and hour.isdecimal() and minute.isdecimal() and len(minute) == 2 and len(hour) <= 2):
        raise ValueError(text)
    return time(int(hour), int(minute))


# -- which way


class Way(Struct, frozen=True):
    """What will be used here, and why. ``by`` is one of `BY` but for "auto"."""

    by: str
    why: str
    tmux: bool = False


def way(chosen: Settings, environ: Mapping[str, str], platform: str = sys.platform) -> Way:
    """What these settings come to on this terminal."""
    inside = _inside(environ)
    through = inside == "tmux" and chosen.tmux
    if chosen.by == "nothing":
        return Way("nothing", "so it is set")
    if chosen.by == "desktop":
        command = desktop(environ, platform)
        return Way("desktop", f"by {command[0]}") if command else Way("nothing", "there is no notify-send here")
    if inside and not through:
        hint = "tmux = true passes it on" if inside == "tmux" else f"{inside} passes nothing on"
        return Way("nothing", f"this is inside {inside}; {hint}")
    if chosen.by != "auto":
        return Way(chosen.by, "so it is set", through)
    by, name = _known(environ)
    if not by:
        return Way("nothing", "this terminal is not known to show any; set by in [notify]")
    return Way(by, f"{name} shows them", through)


def _inside(environ: Mapping[str, str]) -> str:
    """What stands between us and the terminal; "" for nothing."""
    term = environ.get("TERM", "")
    if environ.get("TMUX") or term.startswith("tmux"):
        return "tmux"
    if environ.get("ZELLIJ"):
        return "zellij"
    return "screen" if environ.get("STY") or term.startswith("screen") else ""


def _known(environ: Mapping[str, str]) -> tuple[str, str]:
    """The sequence of a terminal that is known to show it, and its name."""
    term, program = environ.get("TERM", ""), environ.get("TERM_PROGRAM", "").lower()
    if environ.get("KITTY_WINDOW_ID") or term == "xterm-kitty":
        return "osc99", "kitty"
    if program == "ghostty" or term == "xterm-ghostty":
        return "osc777", "Ghostty"
    if program == "wezterm" or environ.get("WEZTERM_PANE") or term == "wezterm":
        return "osc777", "WezTerm"
    if program == "iterm.app" or environ.get("LC_TERMINAL") == "iTerm2":
        return "osc9", "iTerm2"
    if term == "foot" or term.startswith("foot-"):
        return "osc777", "foot"
    if term.startswith("contour") or program == "contour":
        return "osc777", "Contour"
    return "", ""


# -- what is written


def harmless(text: str, ascii_only: bool = False) -> str:
    """``text`` as one short line that can neither end nor begin a sequence, whatever it holds."""
    line = refuse_controls(safe_line(text, LIMIT))
    # Categories of Unicode that begin with C: control, format, surrogate, private use, not assigned.
    line = "".join(char for char in line if unicodedata.category(char)[0] != "C")
    if ascii_only:  # a terminal of another encoding may take bytes of UTF-8 for controls
        line = line.encode("ascii", "replace").decode()
    return BEGIN + " ".join(line.split())


def eight_bit(encoding: str | None) -> bool:
    """Whether what is written in this encoding is no UTF-8: then ASCII alone is sure to hold no control."""
    return (encoding or "utf-8").lower().replace("_", "-") not in ("utf-8", "utf8")


def sequence(by: str, text: str, *, tmux: bool = False, ascii_only: bool = False) -> str:
    """One control sequence that shows ``text``; "" where ``by`` is none of the terminal."""
    line = harmless(text, ascii_only)
    match by:
        case "osc9":
            made = f"{_ESC}]9;{line}{_ST}"
        case "osc777":
            made = f"{_ESC}]777;notify;jamtui;{line.removeprefix(BEGIN).replace(';', ',')}{_ST}"
        case "osc99":
            made = f"{_ESC}]99;i=jamtui:e=1;{base64.b64encode(line.encode()).decode()}{_ST}"
        case _:
            return ""
    return f"{_ESC}Ptmux;{made.replace(_ESC, _ESC * 2)}{_ST}" if tmux else made


def desktop(environ: Mapping[str, str], platform: str = sys.platform) -> list[str]:
    """The command of the desktop, without the text; [] where there is none."""
    name = "terminal-notifier" if platform == "darwin" else "notify-send"
    found = shutil.which(name, path=environ.get("PATH"))
    if not found or not Path(found).is_absolute():
        return []
    if platform == "darwin":
        return [found, "-title", "jamtui", "-group", "jamtui", "-message"]
    return [found, "--app-name=jamtui", "--"]  # the text is its summary, in which nothing is markup


def show_on_desktop(text: str, environ: Mapping[str, str], platform: str = sys.platform) -> str:
    """Blocks for `SECONDS` at most. Why it failed, in words; "" when it did not."""
    command = desktop(environ, platform)
    if not command:
        return "there is no notify-send here"
    inherited = {name: value for name, value in environ.items() if name not in SECRETS}
    try:
        ended = subprocess.run(  # noqa: S603 - a list of arguments, no shell
            [*command, harmless(text)], check=False, env=inherited, timeout=SECONDS, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        ).returncode  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"{command[0]} did not end within {SECONDS:.0f} seconds"
    except OSError as error:
        return f"{command[0]} could not be started: {error.strerror}"
    return f"{command[0]} ended with {ended}" if ended else ""


def told(chosen: Settings, here: Way, now: datetime) -> list[str]:
    """What will be used, in sentences for people."""
    names = {"osc9": "OSC 9", "osc777": "OSC 777", "osc99": "OSC 99", "desktop": "the desktop"}
    lines = [
        f"Notifications: none ({here.why})."
        if here.by == "nothing"
        else f"Notifications: {names[here.by]}{' through tmux' if here.tmux else ''} ({here.why})."
    ]
    on = [word for word, used in (("a line on the screen", chosen.banner), ("the bell", chosen.bell)) if used]
    lines.append(f"Besides: {' and '.join(on) if on else 'nothing'}.")
    lines.append(f"For: {', '.join(reason for reason in Reason if reason in chosen.reasons) or 'nothing'}.")
    if chosen.quiet is not None:
        begin, end = chosen.quiet
        now_words = ", now as well" if chosen.quiet_at(now) else ""
        lines.append(f"Quiet hours: {begin:%H:%M} to {end:%H:%M}{now_words}.")
    else:
        lines.append('Quiet hours: none; quiet = "22:00-07:00" in [notify] of config.toml makes some.')
    lines.append(f"At most one in {chosen.every:,} {'second' if chosen.every == 1 else 'seconds'}.")
    return lines
