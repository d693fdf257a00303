"""The part of ``login`` that goes by an organisation's page: what is shown on the terminal while it waits."""

from __future__ import annotations

import asyncio
import os
import sys
import textwrap
import time

from jamtui import config, device_page
from jamtui.browser import place
from jamtui.commands import texts
from jamtui.commands.context import Context
from jamtui.commands.screen import speaks_utf8
from jamtui.device_page import NewAccount, Page
from jamtui.output import BOLD, width
from jamtui.safe_text import safe_line
from jamtui.store.registry import KnownJam
from jamtui.sync import oidc
from jamtui.sync.sign_in import Offer

_PAPER = {True: "38;5;16;48;5;231", False: "30;47"}  # black on white where there are 256 colours, and where there are 8


async def enter(context: Context, offer: Offer, way: str, store: str, port: int = 0, issuer: str = "") -> KnownJam:
    """``issuer`` is what ``--issuer`` says; where the Jam names several and it says nothing, one is asked for."""
    issuer = issuer or _chosen(context, offer)
    shown = _Terminal(context, safe_line(offer.title, 80) or offer.origin)
    try:
        return await oidc.enter(
            context.home, offer, shown, way=way, store=store, environ=context.environ, port=port, issuer=issuer
        )
    finally:
        shown.close()


def _chosen(context: Context, offer: Offer) -> str:
    ways = oidc.organisations(offer)
    if len(ways) == 1:
        return ways[0].issuer
    for number, one in enumerate(ways, 1):
        context.out.say(f"{number}: {oidc.name_of(one)}")
    if not texts.on_terminal():
        context.out.say("The first of these organisations is taken; --issuer NAME takes another one.")
        return ways[0].issuer
    typed = texts.ask(f"With which organisation? (1 to {len(ways)}; Enter takes 1)") or "1"
    if typed.isdecimal() and 0 < int(typed) <= len(ways):
        return ways[int(typed) - 1].issuer
    return oidc.organisation(offer, typed).issuer


def likely(context: Context, offer: Offer) -> str:
    """The way by an organisation in words, as it would go here."""
    where = place(context.environ)
    how = "in the browser here" if where.has_browser else f"with a code on another device ({where.why})"
    return f"the sign-in of {' or '.join(oidc.name_of(way) for way in oidc.organisations(offer))}, {how}"


class _Terminal:
    """`jamtui.sync.oidc.Shows` on standard error. The QR code comes first, so that address and code stay in sight."""

    def __init__(self, context: Context, jam: str) -> None:
        self._out = context.out
        self._environ = context.environ
        self._jam = jam
        chosen = config.load(context.home)
        self._ascii = context.ascii or chosen.ascii or not speaks_utf8(context.environ)
        self._drawn = context.out.paints and not chosen.plain
        self._held = ""
        self._ticking: asyncio.Task[None] | None = None

    def _say(self, text: str) -> None:
        for line in self._broken(text):
            self._out.say(line)

    def _broken(self, text: str) -> list[str]:
        """Lines that end with words, on a terminal; an address that is longer than a line stays whole."""
        if not self._out.talks:
            return [text]
        return textwrap.wrap(text, _size()[0], break_long_words=False, break_on_hyphens=False) or [""]

    def page(self, page: Page) -> None:
        say = self._say
        for note in page.notes:
            self._out.say(note)  # may hold a command, which is copied: not broken
        if page.way == device_page.BROWSER:
            opened = f"The sign-in page of {page.who} was opened in your browser. If none came up, open this address:"
            say(opened if page.opened else f"To sign in to {self._jam}, open this page of {page.who} in a browser:")
            say(page.url)
        else:
            self._device(page)
        if self._out.talks:
            self._ticking = asyncio.create_task(self._tick(page.ends))
        else:
            say(f"Waiting for you, {device_page.clock(page.ends - time.monotonic())} at most.")
            if not texts.on_terminal():
                say("Where nobody can do this (CI, cron), set JAMTUI_TOKEN, or use --token-stdin.")

    def _device(self, page: Page) -> None:
        """The page, the code, and where there is room a QR code above them and the code in large letters."""
        out = self._out
        columns, lines = _size()
        before = f"To sign in to {self._jam} with {page.who}, open this page on any device:"
        after = "and give it this code, if you have begun this yourself:"
        words = (before, page.url, after)
        said = [line for text in words for line in self._broken(text)]
        taken = sum(-(-max(1, width(line)) // columns) for line in said) + 1  # the time stands below
        drawn = self._drawn and not self._ascii
        large = device_page.letters(page.code, columns - 4) if drawn else [page.code]
        drawing = device_page.qr(page.qr, columns, lines - taken - 1) if drawn else []
        if drawing and len(drawing) + taken + len(large) + 1 > lines:
            large = [page.code]
        out.drawing(drawing, _PAPER["256" in self._environ.get("TERM", "") or "COLORTERM" in self._environ])
        for line in said:
            out.say(line)
        out.drawing([f"    {line}" for line in large], BOLD)
        if len(large) > 1:
            out.say(f"    {page.code}")

    def tell(self, text: str) -> None:
        if text != self._held:
            self._held = text
            if text and self._ticking is None:
                self._out.say(text)

    async def is_you(self, new: NewAccount) -> bool:
        self.close()
        # A script has chosen its browser, and its person, itself.
        return not texts.on_terminal() or texts.ask(f"{new.why} {new.question} [y/N]").lower() in ("y", "yes")

    async def _tick(self, ends: float) -> None:
        while True:
            held = f" {self._held}" if self._held else ""
            self._out.status(f"Waiting: {device_page.clock(ends - time.monotonic())} left, Ctrl-C ends it.{held}")
            await asyncio.sleep(1 - time.monotonic() % 1)

    def close(self) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None
            self._out.progress_done()


def _size() -> tuple[int, int]:
    try:
        size = os.get_terminal_size(sys.stderr.fileno())
    except (OSError, ValueError):
        return 80, 24
    return size.columns or 80, size.lines or 24
