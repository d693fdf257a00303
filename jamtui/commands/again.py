"""What a command does, with somebody at the terminal, when the server does not take the sign-in: one question."""

from __future__ import annotations

import asyncio

from jamtui.commands import signing, syncing, texts
from jamtui.commands.context import Context
from jamtui.credentials import NoStore, environment_secret
from jamtui.errors import JamError, NotSignedIn
from jamtui.output import problem
from jamtui.safe_text import safe_line
from jamtui.store.registry import STORING
from jamtui.sync import sign_in

UNASKED = ("login", "logout", "auth", "doctor", "demo", "open")  # they are about signing in, or need none


def after(context: Context, command: str, named: str | None, error: NotSignedIn) -> int:
    """Asks whether to sign in again, does it, and brings the Jam up to date: what was written waits in the outbox, so
    the command is not run again. ``named`` is the Jam that the command was given. Raises ``error`` where nobody can be
    asked, and where signing in would not help: a keyring that is locked stays so, and a JAMTUI_TOKEN or token_command
    is the person's own to mend. The exit code."""
    if command in UNASKED or isinstance(error, NoStore) or environment_secret(context.environ):
        raise error
    if context.out.json or not texts.on_terminal():
        raise error
    try:
        jam = context.jam(named)
    except JamError:
        raise error from None
    if jam.local or jam.me.guest:  # a guest was refused before a word was written: there is nothing to send
        raise error
    if jam.store not in STORING:  # the person keeps the token elsewhere, and is told what is wrong with it there
        raise error
    out, title = context.out, safe_line(jam.title, 80)
    out.say(problem(error.title, error.hint))
    question = f"Sign in to {title} again as @{safe_line(jam.me.handle)} now? Drafts and outbox are kept. (y/n)"
    if texts.ask(question).lower() not in ("y", "yes"):
        return error.exit_code
    offer = asyncio.run(sign_in.discover(jam.origin))
    new = asyncio.run(signing.asked(context, offer, jam.store, handle=jam.me.handle))
    if new.folder != jam.folder:
        out.say(f"Signed in as @{safe_line(new.me.handle)}, in a folder of their own. Give the command again.")
        return error.exit_code
    out.say(f"Signed in as @{safe_line(new.me.handle)}.")
    return syncing.bring(context, new)
