"""``login``, ``logout``, ``auth status``. Secrets come from a prompt, standard input or the environment."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import secrets
import sys
from contextlib import closing
from pathlib import Path

from jamtui import first_paint, token_command
from jamtui.commands import organisation, texts
from jamtui.commands.context import Context
from jamtui.commands.signals import while_asked
from jamtui.credentials import environment_secret, open_store
from jamtui.errors import JamError, NotSignedIn, UsageError
from jamtui.paths import remove
from jamtui.safe_text import safe_line
from jamtui.store import registry
from jamtui.store.registry import STORING, KnownJam
from jamtui.store.seal import alone_with
from jamtui.sync import sign_in
from jamtui.sync.holder import Holder
from jamtui.sync.sign_in import Offer

_LONGEST = 64 * 1024  # bytes of a secret on standard input
_ASKED = {  # what is typed on a terminal for each way, the likeliest first
    "oidc": "organisation", "password": "password", "invite": "invite", "guest": "guest", "token": "token",
}  # fmt: skip
_HANDLE = "Handle (the name that others see):"
_WORDS = {
    "guest": "--guest (read only)",
    "password": "--handle NAME (a password)",
    "invite": "--invite --handle NAME (a code)",
    "oidc": "--browser or --device (an organisation's page)",
}


def login(context: Context, args: argparse.Namespace) -> int:
    _check_words(args)
    offer = asyncio.run(sign_in.discover(args.url))
    jam = asyncio.run(_enter(context, args, offer))
    out = context.out
    if out.json:
        out.row(_facts(jam))
        return 0
    who = "as a guest, to read" if jam.me.guest else f"as @{safe_line(jam.me.handle)} ({safe_line(jam.me.role)})"
    kept = {"keyring": " The token is kept in the keyring.", "file": " The token is kept in a file only you can read."}
    out.line(f"Signed in to {_named(offer)} {who}.{kept.get(jam.store, '')}")
    out.say("Next: jamtui sync fetches the Jam for the commands; jamtui opens it on the screen.")
    known = registry.known(context.home)
    if others := [one for one in known if one.origin == jam.origin and one.folder != jam.folder]:
        names = ", ".join(safe_line(registry.short_name(one, known), 80) for one in others)
        out.say(f"Kept as they are: {names}. --jam picks one.")
    return 0


def _check_words(args: argparse.Namespace) -> None:
    if not 0 <= args.port <= 65_535:
        raise UsageError(f"not a port: {args.port}", "A port is a number from 1 to 65535.")
    if args.password_stdin and args.token_stdin:
        raise UsageError("standard input cannot be both the password and the token", "Give one of them.")
    if args.password_stdin and args.invite == "":
        raise UsageError("standard input cannot be both the password and the code", "Give --invite its CODE.")
    if args.password_stdin and not args.handle:
        raise UsageError("--password-stdin needs --handle NAME", "Whose password is it?")
    if args.handle and (args.guest or args.token_stdin or args.browser or args.device):
        raise UsageError(
            "--handle goes with a password or an invite", "A guest has none; a token and an organisation know yours."
        )
    if args.issuer and (args.guest or args.token_stdin or args.handle or args.invite is not None):
        raise UsageError("--issuer goes with an organisation's page", "Use it alone, or with --browser or --device.")
    if args.name and args.invite is None:
        raise UsageError("--name goes with --invite", "An account that is there has its name already.")


async def _enter(context: Context, args: argparse.Namespace, offer: Offer) -> KnownJam:
    home, environ = context.home, context.environ
    store = args.store or "keyring"
    if args.browser or args.device:
        by = "browser" if args.browser else "device"
        return await organisation.enter(context, offer, by, store, args.port, args.issuer or "")
    if args.issuer:
        return await organisation.enter(context, offer, "", store, args.port, args.issuer)
    if args.guest:
        return await sign_in.guest(home, offer)
    if args.token_stdin:
        return await sign_in.token(home, offer, _from_stdin("token"), store=store, environ=environ)
    if args.invite is not None or args.handle:
        sign_in.checked(home, store, environ)  # before anything is asked for
    if args.invite is not None:
        offer.require("invite")
        secret = _from_stdin("password") if args.password_stdin else None
        code = args.invite or _from_stdin("invite code", "--invite --handle NAME")
        made = "" if args.handle or texts.on_terminal() else f"jammer-{secrets.token_hex(4)}"
        handle = args.handle or made or texts.ask(_HANDLE)
        known = await sign_in.invite(
            home, offer, code, handle, name=args.name, secret=secret, store=store, environ=environ
        )
        if made:  # by us, since the account on this machine is no business of a Jam
            context.out.say(f"You are @{made} there, for good: --handle NAME would have chosen.")
            if not args.name:
                context.out.say("Next: jamtui profile --set name=NAME gives a name.")
        return known
    if args.handle:
        offer.require("password")
        secret = (
            _from_stdin("password")
            if args.password_stdin
            else _prompt(f"Password of {safe_line(args.handle)} at {_host(offer)}: ")
        )
        return await sign_in.password(home, offer, args.handle, secret, store=store, environ=environ)
    found = environment_secret(environ)
    if found is not None:
        return await sign_in.environment_token(home, offer, found.access_token, environ)
    if token_command.words_for(home, offer.origin):
        return await sign_in.command_token(home, offer, environ)
    return await asked(context, offer, store, port=args.port)


async def asked(context: Context, offer: Offer, store: str, *, handle: str = "", port: int = 0) -> KnownJam:
    """No way was given: asks for one where somebody is and the Jam offers several; else goes by the organisation.
    ``handle``: whose password it will be, if nobody says otherwise."""
    if context.environ.get("CI") and not texts.on_terminal():
        raise UsageError(
            "nobody can sign in by hand here (CI is set)", "Set JAMTUI_TOKEN, or use --token-stdin; --guest reads."
        )
    if "oidc" in offer.ways and (offer.ways == ("oidc",) or not texts.on_terminal()):
        return await organisation.enter(context, offer, "", store, port)
    if not texts.on_terminal():
        raise UsageError("how do you want to sign in?", f"{_named(offer)} offers: {_ways(offer)}; or --token-stdin.")
    home, environ = context.home, context.environ
    known = [word for way, word in _ASKED.items() if way in offer.ways or way == "token"]
    context.out.say(f"{offer.origin}: {_named(offer)}")
    if "oidc" in offer.ways:
        context.out.say(f"organisation: {organisation.likely(context, offer)}")
    way = texts.ask(f"How do you want to sign in? ({', '.join(known)}; Enter takes {known[0]})") or known[0]
    fits = [one for one in known if one.startswith(way.lower())]
    if len(fits) != 1:
        raise UsageError(f"no such way: {way}", f"It offers: {', '.join(known)}.")
    if fits[0] in ("password", "invite", "token"):
        sign_in.checked(home, store, environ)  # before anything is asked for
    match fits[0]:
        case "organisation":
            return await organisation.enter(context, offer, "", store, port)
        case "guest":
            return await sign_in.guest(home, offer)
        case "token":
            return await sign_in.token(
                home, offer, _prompt(f"Token for {_host(offer)}: "), store=store, environ=environ
            )
        case "invite":
            code, handle = _prompt(f"Invite code for {_host(offer)}: "), texts.ask(_HANDLE)
            return await sign_in.invite(home, offer, code, handle, store=store, environ=environ)
    handle = texts.ask(f"Handle ({safe_line(handle)}):" if handle else "Handle:") or handle
    return await sign_in.password(
        home, offer, handle, _prompt(f"Password at {_host(offer)}: "), store=store, environ=environ
    )


def _named(offer: Offer) -> str:
    return safe_line(offer.title, 80) or offer.origin


def _host(offer: Offer) -> str:
    """Where a secret goes, which nobody can choose as they can a title."""
    return offer.origin.partition("://")[2]


def _ways(offer: Offer) -> str:
    return "; ".join(safe_line(_WORDS.get(way, way), 80) for way in offer.ways) or "nothing"


def _prompt(question: str) -> str:
    if not texts.on_terminal():
        raise UsageError("nobody is here to type a secret", "Pipe it in: --password-stdin or --token-stdin.")
    with while_asked():  # else the terminal would be left without an echo
        return getpass.getpass(question)


def _from_stdin(what: str, words: str = "") -> str:
    """The first line of standard input, for ``words`` of the command line. Raises `UsageError` when it is empty."""
    if sys.stdin.isatty():
        return _prompt(f"{what.capitalize()}: ")
    line = sys.stdin.buffer.readline(_LONGEST).rstrip(b"\r\n")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"the {what} on standard input is not UTF-8", "Check what you pipe into jamtui.") from None
    if not text:
        raise UsageError(
            f"there is no {what} on standard input", f"Pipe it in: … | jamtui login URL {words or f'--{what}-stdin'}."
        )
    return text


def logout(context: Context, args: argparse.Namespace) -> int:
    jam = context.jam(args.name)
    if not args.discard:
        _refuse_to_lose(context, jam)
    holder = Holder(jam.lock)
    with alone_with(jam.seal) as alone, holder:
        if not (alone and (jam.local or not jam.folder.is_dir() or holder.take())):
            raise JamError(
                "another jamtui on this machine is open on this Jam",
                "Close it first: what is typed there would be lost.",
            )
        first_paint.forget(context.home)
        for path in _kept_by_editors(context, jam):
            remove(path)
        left = asyncio.run(sign_in.sign_out(context.home, jam, context.environ, give_up=args.discard))
    if left:
        context.out.say(f"Note: {left}.")
    if context.out.json:
        context.out.row({"slug": jam.slug, "origin": jam.origin, "signed_out": True, "note": left})
    else:
        context.out.line(f"Signed out of {safe_line(jam.title)}; nothing of it is left on this machine.")
    return 0


def _kept_by_editors(context: Context, jam: KnownJam) -> list[Path]:
    """Texts that an editor failed on, or had open when jamtui was killed: those of the full screen are the Jam's, those
    of commands belong to none, and go with the last one."""
    others = len(registry.known(context.home)) > 1
    folders = [jam.writing] if others else [jam.writing, context.home.state / "writing"]
    return [
        path
        for folder in folders
        if folder.is_dir() and not folder.is_symlink()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    ]


def _refuse_to_lose(context: Context, jam: KnownJam) -> None:
    """Raises when drafts or unsent writes would go with the Jam's folder; names them."""
    with closing(context.open(jam)) as session:
        lost = [f"{row.kind} “{safe_line(row.summary, 40)}”" for row in session.outbox() if row.state != "sending"]
        lost += [f"draft “{safe_line(d.title or d.body, 40)}”" for d in session.drafts()]
    lost += [f"what an editor left in {path}" for path in _kept_by_editors(context, jam)]
    if lost:
        more = f" and {len(lost) - 5} more" if len(lost) > 5 else ""
        raise JamError(
            f"this was never sent and would be lost: {', '.join(lost[:5])}{more}",
            "jamtui sync sends what is in the outbox, jamtui drafts send ID a draft; --discard throws all of it away.",
        )


def auth(context: Context, args: argparse.Namespace) -> int:
    """``auth status``; without asking the server. Exit 3 when the secret that should be there is not."""
    jam = context.jam()
    facts = _facts(jam)
    gone = NotSignedIn("the token is not there any more", "Sign in again with jamtui login.")
    try:
        kept = _is_kept(context, jam)
    except NotSignedIn as error:  # who and where is known all the same
        kept, gone = False, error
    out = context.out
    if out.json:
        out.row(facts | {"signed_in": kept})
    else:
        where = {
            "env": "in JAMTUI_TOKEN", "file": "in a file (0600)", "keyring": "in the keyring", "none": "nowhere",
            "command": "with the token_command of config.toml",
        }[str(facts["store"])]  # fmt: skip
        who = "guest (reads only)" if jam.me.guest else f"@{safe_line(jam.me.handle)} ({safe_line(jam.me.role)})"
        out.line(f"Jam      {safe_line(jam.title)}")
        out.line(f"server   {safe_line(jam.origin)}")
        out.line(f"you      {who}")
        out.line(f"secret   {where}")
    if not kept and not jam.me.guest:
        raise gone
    return 0


def _is_kept(context: Context, jam: KnownJam) -> bool:
    """Whether the secret is where it should be. Raises `NotSignedIn` when a store does not say, or for a JAMTUI_TOKEN
    that is nobody's."""
    if sign_in.environment_secret_of(context.home, jam, context.environ) is not None:
        return True
    if jam.store == token_command.STORE:
        return bool(token_command.words_for(context.home, jam.origin))  # not run: it may ask, and nobody waits for it
    if jam.store not in STORING:
        return False
    return open_store(jam.store, home=context.home, environ=context.environ).load(jam.account) is not None


def _facts(jam: KnownJam) -> dict[str, object]:
    return {
        "slug": jam.slug, "title": jam.title, "origin": jam.origin, "handle": jam.me.handle, "role": jam.me.role,
        "guest": jam.me.guest, "store": jam.store,
    }  # fmt: skip
