"""``jamtui notify``: what is used to tell of what came, and a notification to try it."""

from __future__ import annotations

import argparse
import os
import sys

from jamtui import config, notify
from jamtui.commands.context import Context
from jamtui.output import local_time
from jamtui.safe_text import safe_line


def run(context: Context, args: argparse.Namespace) -> int:
    """With ``test`` one is sent to this terminal; 1 when there is no way to send it."""
    out = context.out
    chosen = config.load(context.home)
    used, slips = notify.settings(chosen.notify)
    for problem in slips:
        out.say(safe_line(config.told(chosen.path, problem)))
    way = notify.way(used, context.environ)
    if out.json:
        quiet = None if used.quiet is None else "-".join(f"{one:%H:%M}" for one in used.quiet)
        out.row(
            {
                "by": way.by, "why": way.why, "tmux": way.tmux, "banner": used.banner, "bell": used.bell,
                "reasons": sorted(used.reasons), "quiet": quiet, "quiet_now": used.quiet_at(context.now()),
                "every": used.every,
            }
        )  # fmt: skip
    else:
        for line in notify.told(used, way, context.now()):
            out.line(line)
    return _test(context, used, way) if args.action == "test" else 0


def _test(context: Context, used: notify.Settings, way: notify.Way) -> int:
    text = f"This is a notification to try, sent at {local_time(context.now())[-5:]}"
    if way.by == "nothing":
        context.out.say(f"No notification was sent: {way.why}.")
    elif way.by == "desktop":
        if failed := notify.show_on_desktop(text, context.environ):
            context.out.say(f"No notification was sent: {failed}.")
            return 1
    elif not sys.stderr.isatty():
        context.out.say("No notification was sent: this is no terminal.")
        return 1
    if sys.stderr.isatty():
        made = notify.sequence(way.by, text, tmux=way.tmux, ascii_only=notify.eight_bit(sys.stderr.encoding))
        os.write(sys.stderr.fileno(), (("\a" if used.bell else "") + made).encode())
    return 1 if way.by == "nothing" else 0
