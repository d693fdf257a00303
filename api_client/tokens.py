"""Where the bearer token of a call comes from."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from api_client.errors import NotSignedIn
from api_client.models import Token


class TokenProvider(Protocol):
    """What a `api_client.client.JamClient` asks for tokens."""

    async def token(self) -> str | None:
        """The access token to send; None: go as a guest."""
        ...

    async def refreshed(self, old: str) -> str | None:
        """Called when the server refused ``old`` as expired or unknown: another token to try once, or None.

        However many calls fail at once with the same token, there must be one refresh.
        """
        ...


class Guest:
    """No token."""

    async def token(self) -> str | None:
        return None

    async def refreshed(self, old: str) -> str | None:
        return None


class FixedToken:
    """One token that cannot be refreshed: JAMTUI_TOKEN, or one printed by the server."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __repr__(self) -> str:
        return "FixedToken(hidden)"

    async def token(self) -> str | None:
        return self._token

    async def refreshed(self, old: str) -> str | None:
        return None


class AskedToken:
    """A token that something else gives: ``ask`` is called when the first call needs it, and once more when the server
    refuses what it gave, however many calls were refused. It may block: it runs in a thread."""

    def __init__(self, ask: Callable[[], str]) -> None:
        self._ask = ask
        self._lock = asyncio.Lock()
        self._token: str | None = None
        self._refused = ""

    def __repr__(self) -> str:
        return "AskedToken(hidden)"

    async def token(self) -> str | None:
        async with self._lock:
            if self._token is None:
                self._token = await asyncio.to_thread(self._ask)
            return self._token

    async def refreshed(self, old: str) -> str | None:
        async with self._lock:
            if self._token == old and self._refused != old:
                self._refused = old
                self._token = await asyncio.to_thread(self._ask)
            return self._token if self._token != old else None


class RefreshingToken:
    """An access token with its refresh token, refreshed once for all calls that find it expired.

    ``refresh`` is the call (`JamClient.refresh` of a client for the same origin), ``keep`` stores the new pair *before*
    anything uses it, since the old one is spent, and ``stored`` reads the pair (access, refresh) that is stored now:
    another jamtui of the same person may have refreshed it meanwhile. Both may block: they run in a thread. Around all
    three stands ``alone``, which only one process at a time may enter: a refresh token that two spend looks stolen.
    """

    def __init__(
        self,
        access: str,
        refresh_token: str,
        *,
        refresh: Callable[[str], Awaitable[Token]],
        keep: Callable[[Token], None],
        stored: Callable[[], tuple[str, str] | None] = lambda: None,
        alone: Callable[[], AbstractAsyncContextManager[object]] = contextlib.nullcontext,
    ) -> None:
        self._access = access
        self._refresh_token = refresh_token
        self._refresh = refresh
        self._keep = keep
        self._stored = stored
        self._alone = alone
        self._renewing: asyncio.Task[str | None] | None = None
        self._spent = ""  # the refresh token that the server refused: not asked with again

    def __repr__(self) -> str:
        return "RefreshingToken(hidden)"

    async def token(self) -> str | None:
        return self._access

    async def refreshed(self, old: str) -> str | None:
        if self._access != old:
            return self._access  # another call was first
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._renew(old))
            # Whoever waits gets its error; when all who waited were cancelled, nobody is left to be told.
            self._renewing.add_done_callback(lambda task: task.cancelled() or task.exception())
        # The refresh token is spent once it was sent: a call that is cancelled must not lose the new one.
        return await asyncio.shield(self._renewing)

    async def _renew(self, old: str) -> str | None:
        async with self._alone():
            return await self._renewed(old)

    async def _renewed(self, old: str) -> str | None:
        pair = await asyncio.to_thread(self._stored)
        if pair is not None and pair[0] != old:
            self._access, self._refresh_token = pair
            return self._access
        if not self._refresh_token or self._refresh_token == self._spent:
            return None
        try:
            token = await self._refresh(self._refresh_token)
        except NotSignedIn:
            self._spent = self._refresh_token
            return None  # the call that asked ends with the server's own words on its token
        await asyncio.to_thread(self._keep, token)
        self._access = token.access_token
        self._refresh_token = token.refresh_token or self._refresh_token
        return self._access
