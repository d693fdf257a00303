"""An issuer and a Jam that say whatever a test wants, on one loopback port: for what a real provider never does.

async with RawIssuer().running() as raw:
    raw.metadata["token_endpoint"] = "http://elsewhere.example/token"
    raw.answers["/token"] = [(400, {"error": "slow_down"}), (200, {...})]       one after the other, the last for ever
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl

from raw_server import RawServer, response

STATUS = {200: "OK", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}
JAM = {
    "id": "019b76da-a800-7000-8000-000000000001", "slug": "raw", "title": "Raw Jam", "summary": "",
    "opens_at": "2026-01-01T00:00:00Z", "closes_at": "2036-01-01T00:00:00Z", "format": 1,
}  # fmt: skip
PERSON = {"id": "019b76da-a800-7000-8000-000000000002", "handle": "ada", "name": "Ada", "role": "participant"}
TOKEN = {
    "access_token": "of-the-jam",
    "token_type": "Bearer",
    "expires_in": 3600,
    "refresh_token": "r",
    "person": PERSON,
}


def jwt(**claims: Any) -> str:
    """A JWT whose signature is none: a client looks at what it says only."""
    parts = ({"alg": "RS256", "typ": "JWT"}, claims, {})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)


class RawIssuer:
    def __init__(self) -> None:
        self._server = RawServer(self._answer)
        self.metadata: dict[str, Any] = {}
        self.way: dict[str, Any] = {}
        self.more: list[dict[str, Any]] = []  # further ways that the Jam lists
        self.answers: defaultdict[str, list[tuple[int, Any]]] = defaultdict(list)
        self.clock = 0.0  # seconds by which its clock is ahead; the Jam's is right
        self.asked: list[tuple[str, dict[str, Any]]] = []

    @property
    def url(self) -> str:
        return self._server.origin

    def asked_at(self, path: str) -> list[dict[str, Any]]:
        return [fields for where, fields in self.asked if where == path]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[RawIssuer]:
        async with self._server.running():
            self.metadata |= {"issuer": self.url, "code_challenge_methods_supported": ["S256"]}
            self.metadata |= {
                name: f"{self.url}/{path}"
                for name, path in {
                    "authorization_endpoint": "auth", "token_endpoint": "token", "revocation_endpoint": "revoke",
                    "device_authorization_endpoint": "device",
                }.items()
            }  # fmt: skip
            grant = {"device_code": "dc", "user_code": "ABCD-EFGH", "expires_in": 300, "interval": 0.01}
            self.answers["/device"] = [(200, grant | {"verification_uri": f"{self.url}/activate"})]
            self.answers["/token"] = [(200, self.tokens())]
            self.answers["/revoke"] = [(200, {})]
            self.answers["/api/v1/auth/oidc"] = [(200, TOKEN)]
            self.way |= {"type": "oidc", "issuer": self.url, "client_id": "jamtui", "resource": self.url}
            yield self

    def tokens(self, **more: Any) -> dict[str, Any]:
        ours = {"iss": self.url, "sub": "someone"}
        both = {"access_token": jwt(**ours, aud=self.url), "id_token": jwt(**ours, aud="jamtui"), "expires_in": "300"}
        return both | {"token_type": "Bearer"} | more

    async def _answer(self, request: str, writer: asyncio.StreamWriter) -> None:
        head, _, body = request.partition("\r\n\r\n")
        path = head.split(" ")[1]
        fields = json.loads(body) if body.startswith("{") else dict(parse_qsl(body))
        self.asked.append((path, fields))
        ahead = 0.0
        if path == "/.well-known/jam":
            found = {
                "name": "raw",
                "api_version": "1.0",
                "jam": JAM,
                "sign_in": [{"type": "guest"}, self.way, *self.more],
            }
            status, said = 200, found
        elif path.endswith("/.well-known/openid-configuration") and path not in self.answers:
            status, said = 200, self.metadata
        else:
            answers = self.answers[path]
            status, said = (answers.pop(0) if len(answers) > 1 else answers[0]) if answers else (404, {"error": "none"})
            ahead = self.clock if not path.startswith("/api/") else 0.0
        now = formatdate(time.time() + ahead, usegmt=True)
        data = said if isinstance(said, bytes) else json.dumps(said).encode()
        writer.write(response(data, f"{status} {STATUS.get(status, 'Other')}", Date=now))
