"""A real OpenID Connect provider: npm's certified `oidc-provider`, on loopback, one process for all tests of a worker.

Fixtures (tests/conftest.py brings them in)::

    oidc_provider     the process; `Provider.issuer(**options)` makes one more issuer on a port of its own
    oidc_issuer       one issuer with the usual options, gone with the test

    issuer = oidc_provider.issuer(verification_uri_complete=False, claims={"ada": {"groups": ["staff"]}})
    issuer.url                            what its metadata calls it
    issuer.change(slow_down=2)            the options stand at the top of oidc_provider/provider.mjs
    issuer.rotate("second")               a new key signs; the old one stays in the JWKS unless ``keep=()``
    issuer.down(); issuer.up()            nobody listens; again, on the same port
    issuer.clock(-90)                     its clock is behind, and with it iat and exp
    issuer.requests()["/jwks"]            how often that was asked for
    issuer.signing_key()                  its private key as a JWK, to make tokens that the provider would not make
    issuer.browser("ada")                 a person with a browser: `Browser.authorize`, `Browser.enter_code`
    issuer.tokens("ada", resource=...)    the whole authorization code grant, for tests of a server

Clients, both public: ``jamtui`` (code, device, refresh) and ``browser-only`` (no device grant); the redirect is
``http://127.0.0.1:ANY`` with the path ``/``, ``/callback`` or ``/signed-in``. Any password is right. A login's ``sub``
is ``sub-of-LOGIN``; ``preferred_username``, ``name``, ``email`` and ``groups`` stand in access tokens for a resource,
and in ID tokens of the scopes ``profile`` and ``email``.

Node and npm have to be there (18 or newer), or the tests say so and are skipped. What npm installs stays in the virtual
environment, under the lock's hash.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import html.parser
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx
import pytest

SOURCE = Path(__file__).with_suffix("")
NODE = 18
LIMIT = 180.0  # seconds after which npm is taken for hung
CLIENT = "jamtui"
REDIRECT = "http://127.0.0.1:1/callback"  # nobody listens there: a browser of the tests does not follow it
_OFF_LINE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH", "ERR_SOCKET_TIMEOUT")


def _node() -> str:
    """Where node is. Skips the test when it, or npm, is missing or too old."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("the real OpenID provider needs node and npm, which are not here")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < NODE:
        pytest.skip(f"the real OpenID provider needs node {NODE}, here is {version}")
    return node


def _installed() -> Path:
    """The folder with provider.mjs and its node_modules; npm fills it once for a lock file."""
    lock = (SOURCE / "package-lock.json").read_bytes()
    target = Path(sys.prefix) / "var" / f"oidc-provider-{hashlib.sha256(lock).hexdigest()[:16]}"
    target.parent.mkdir(exist_ok=True)
    with (target.parent / "oidc-provider.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not target.exists():
            with tempfile.TemporaryDirectory(dir=target.parent) as name:
                made = Path(name) / "made"
                made.mkdir()
                for file in ("package.json", "package-lock.json"):
                    shutil.copy(SOURCE / file, made)
                run = subprocess.run(
                    ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                    cwd=made,
                    capture_output=True,
                    text=True,
                    timeout=LIMIT,
                    check=False,
                )
                if run.returncode:
                    if "CI" not in os.environ and any(word in run.stderr for word in _OFF_LINE):
                        pytest.skip("the real OpenID provider is not installed yet, and npm's registry is out of reach")
                    raise RuntimeError(f"npm ci failed:\n{run.stderr}")
                made.rename(target)
        # An import of a module looks for node_modules beside the file, so it has to lie there.
        script = target / "provider.mjs"
        if not script.exists() or script.read_bytes() != (SOURCE / "provider.mjs").read_bytes():
            part = target / f"provider.{os.getpid()}.part"
            shutil.copy(SOURCE / "provider.mjs", part)
            part.replace(script)
    return target


class Provider:
    """The process. `close` ends it; it also ends by itself when this process is gone."""

    def __init__(self, log: Path) -> None:
        node = _node()
        folder = _installed()
        env = {"PATH": os.environ["PATH"], "NODE_ENV": "test"}
        with log.open("wb") as told:
            self._process = subprocess.Popen(
                [node, "provider.mjs"],
                cwd=folder,
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=told,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self.close()
            raise RuntimeError(f"the provider did not start:\n{log.read_text()}")
        self._admin = httpx.Client(base_url=json.loads(line)["admin"], trust_env=False, timeout=30)

    def ask(self, method: str, path: str, asked: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = self._admin.request(method, path, json=asked or {})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def issuer(self, **options: Any) -> Issuer:
        """One more issuer. The options stand at the top of provider.mjs."""
        made = self.ask("POST", "/issuers", options)
        return Issuer(self, made["issuer"], made["port"])

    def close(self) -> None:
        if hasattr(self, "_admin"):
            self._admin.close()
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


@dataclass
class Issuer:
    """One issuer of the provider."""

    provider: Provider
    url: str
    port: int
    client_id: str = CLIENT
    keys: list[str] = field(default_factory=lambda: ["first"])
    moved: bool = False

    def change(self, **options: Any) -> None:
        self.provider.ask("POST", f"/issuers/{self.port}", options)

    def rotate(self, name: str, *, keep: tuple[str, ...] | None = None) -> None:
        """``name`` signs from now on; the keys before it stay known, or those of ``keep`` only."""
        self.keys = [name, *(self.keys if keep is None else keep)]
        self.change(keys=self.keys)

    def down(self) -> None:
        self.change(down=True)

    def up(self) -> None:
        self.change(down=False)

    def clock(self, seconds: float) -> None:
        """How far the clock of all issuers is ahead of ours."""
        self.moved = seconds != 0
        self.provider.ask("POST", "/clock", {"offset": seconds})

    def requests(self) -> dict[str, int]:
        """How often each path was asked for."""
        return dict(self.provider.ask("GET", f"/issuers/{self.port}")["requests"])

    def signing_key(self) -> dict[str, str]:
        return dict(self.provider.ask("GET", f"/issuers/{self.port}")["keys"][0])

    def close(self) -> None:
        if self.moved:
            self.clock(0)
        self.provider.ask("DELETE", f"/issuers/{self.port}")

    def metadata(self) -> dict[str, Any]:
        answer = httpx.get(f"{self.url}/.well-known/openid-configuration", trust_env=False)
        return dict(answer.raise_for_status().json())

    def browser(self, login: str = "ada") -> Browser:
        return Browser(login)

    def tokens(self, login: str = "ada", *, client_id: str = CLIENT, **more: str) -> dict[str, Any]:
        """What the authorization code grant gives a person who says yes; ``more`` goes into both requests.

        ``scope`` is ``openid profile`` unless given; ``resource`` asks for a JWT access token for that audience.
        """
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {"client_id": client_id, "redirect_uri": REDIRECT, "response_type": "code", "scope": "openid profile"}
        asked |= {"code_challenge": challenge, "code_challenge_method": "S256", "state": "s"} | more
        with self.browser(login) as browser:
            back = browser.authorize(f"{self.url}/auth?{urlencode(asked)}")
        answered = parse_qs(urlsplit(back).query)
        assert "code" in answered, back
        form = {"grant_type": "authorization_code", "code": answered["code"][0], "code_verifier": verifier}
        form |= {"client_id": client_id, "redirect_uri": REDIRECT}
        form |= {name: value for name, value in more.items() if name == "resource"}
        answer = httpx.post(f"{self.url}/token", data=form, trust_env=False)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


class _Forms(html.parser.HTMLParser):
    """The forms of a page: id, address, fields."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((found.get("id", ""), found.get("action", ""), {}))
        elif tag == "input" and self.forms and "name" in found:
            self.forms[-1][2][found["name"]] = found.get("value", "")


class Browser:
    """A person in front of the provider's pages, over plain HTTP. Not for a thread that has to serve meanwhile."""

    def __init__(self, login: str) -> None:
        self.login = login
        self._client = httpx.Client(trust_env=False, timeout=30)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def _go(self, method: str, url: str, form: dict[str, str] | None = None) -> httpx.Response:
        """The page at the end of the redirects; or the redirect that leaves the provider, which nobody follows."""
        home = urlsplit(url).netloc
        answer = self._client.request(method, url, data=form)
        while answer.is_redirect:
            target = urljoin(str(answer.url), answer.headers["location"])
            if urlsplit(target).netloc != home:
                return answer
            answer = self._client.get(target)
        return answer

    def _through(self, answer: httpx.Response, *, agree: bool, code: str = "") -> httpx.Response:
        """Fills in one page after the other until there is none to fill in."""
        refused = False
        while not answer.is_redirect:
            parser = _Forms()
            parser.feed(answer.text)
            forms = {name: (action, fields) for name, action, fields in parser.forms}
            if refused or not forms:
                return answer
            if "abort" in forms and not agree:
                action, fields = forms["abort"]
            elif "login" in forms:
                action, fields = forms["login"][0], {"login": self.login, "password": "any"}
            elif "op.deviceInputForm" in forms:
                action, fields = forms["op.deviceInputForm"]
                if fields.get("user_code") == code:  # the page came back: the code was not taken
                    return answer
                fields |= {"user_code": code}
                code = fields["user_code"]
            elif "op.deviceConfirmForm" in forms:
                action, fields = forms["op.deviceConfirmForm"]
                if not agree:
                    fields = {name: value for name, value in fields.items() if name != "confirm"} | {"abort": "yes"}
                    refused = True
            else:
                action, fields = next(iter(forms.values()))
            answer = self._go("POST", urljoin(str(answer.url), action), fields)
        return answer

    def authorize(self, url: str, *, agree: bool = True) -> str:
        """Opens an authorization request, signs in and agrees, or says no. Returns where the provider sends one back,
        which is not followed: ask for it to finish a sign-in that listens there. ``url`` may be the start page of
        jamtui, which leads to the request."""
        begun = self._go("GET", url)
        if begun.is_redirect and "response_type=" in begun.headers["location"]:
            begun = self._go("GET", begun.headers["location"])
        answer = self._through(begun, agree=agree)
        assert answer.is_redirect, f"{answer.status_code} {answer.text}"
        return urljoin(str(answer.url), answer.headers["location"])

    def enter_code(self, url: str, user_code: str = "", *, agree: bool = True) -> str:
        """Opens the address of the device grant, the complete one or the other with the code to type, and confirms or
        says no. Returns the last page's text."""
        answer = self._through(self._go("GET", url), agree=agree, code=user_code)
        return answer.text


@pytest.fixture(scope="session")
def oidc_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """The provider's process, one for all tests."""
    with contextlib.closing(Provider(tmp_path_factory.mktemp("provider") / "log")) as provider:
        yield provider


@pytest.fixture
def oidc_issuer(oidc_provider: Provider) -> Iterator[Issuer]:
    """An issuer with the usual options."""
    with contextlib.closing(oidc_provider.issuer()) as issuer:
        yield issuer
