"""Other people's programs on our OpenAPI document: a client that is generated from it, and a fuzzer that reads it.

``make openapi`` installs both (requirements/openapi.txt) into a folder of its own, starts a server on a Jam with two
people, and prints what came of it:

- *openapi-python-client* makes a client, without a warning but for what is no JSON; that client signs in, writes,
  answers, tags, votes and reads it all back.
- *schemathesis* asks every route but the endless one, as a participant, a moderator and a guest, CASES in all (10,000
  by default; ``make openapi ARGS=1000``). A 5xx, an answer that the document does not have, and a body that is not as
  it says are faults, and end it with exit code 1.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
from datetime import timedelta
from pathlib import Path

from jamserver import accounts, objects
from jamserver.app import Settings, random_id, serve, system_clock
from jamserver.db import prepare
from jamserver.log import Tx
from jamserver.openapi import document_bytes
from jamserver.writer import write_once

ROOT = Path(__file__).parent.parent
PASSWORD = "correct horse battery staple"
# A fuzzer writes more than people do; limits would answer 429 for most of it.
FREELY = Settings(
    writes=10**9, day_writes=10**9, day_bytes=10**15, day_reports=10**9, tries_a_minute=10**9, sign_ins=10**9,
    vote_join=0.0,
)  # fmt: skip
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
    "response_headers_conformance,unsupported_method,use_after_free,ensure_resource_availability,ignored_auth"
)

# What a person does who has nothing but the generated client; it ends by printing one line.
STORY = """
import sys, uuid
from jam_client import AuthenticatedClient, Client
from jam_client.api.default import (
    discover, get_me, list_changes, list_forums, list_posts, put_post, put_tag, put_vote, sign_in_with_password)
from jam_client.models import NewPost, PasswordSignIn, ProblemDocument

url, password = sys.argv[1:]
nobody = Client(base_url=url)
assert discover.sync(client=nobody).api_version == "1.0"
token = sign_in_with_password.sync(client=nobody, body=PasswordSignIn(handle="ada", password=password))
refused = sign_in_with_password.sync(client=nobody, body=PasswordSignIn(handle="ada", password="wrong"))
assert isinstance(refused, ProblemDocument) and refused.code == "wrong_password"
ada = AuthenticatedClient(base_url=url, token=token.access_token)
assert get_me.sync(client=ada).handle == "ada"
forum = list_forums.sync(client=ada).items[0]
thread = str(uuid.uuid4())
made = put_post.sync(thread, client=ada, body=NewPost(body="B", forum_id=forum.id, title="From a generated client"))
assert made.title == "From a generated client" and made.version == 1
answer = put_post.sync(str(uuid.uuid4()), client=ada, body=NewPost(body="An answer", parent_id=thread))
assert put_tag.sync(thread, "generated", client=ada).tags == ["generated"]
assert put_vote.sync(answer.id, client=ada).up == 1
assert {post.id for post in list_posts.sync(client=nobody, thread=thread).items} == {thread, answer.id}
page = list_changes.sync(client=nobody)
assert page.items[-1].type_ == "votes"
print(f"{len(page.items)} changes read by the generated client")
"""


def people(tx: Tx) -> dict[str, str]:
    """ada takes part (and has a password), mod moderates; a token for each. One forum, one thread."""
    tokens = {}
    for handle, role in (("ada", "participant"), ("mod", "moderator")):
        person = objects.add_person(tx, random_id(tx.rng), handle, role=role)
        tokens[handle] = accounts.long_token(tx, person, timedelta(days=1))
        accounts.set_password(tx, person, accounts.hash_password(PASSWORD))
    objects.add_forum(tx, random_id(tx.rng), "ideas", "Ideas", "Which?")
    return tokens


def start(db: Path) -> tuple[str, dict[str, str]]:
    """A server in a thread of its own, on a new Jam; its address, and tokens by handle."""
    prepare(db)
    rng = random.SystemRandom()
    write_once(db, system_clock(), rng, lambda tx: objects.found_jam(tx, random_id(tx.rng)))
    tokens = write_once(db, system_clock(), rng, people)
    ready, found = threading.Event(), []

    def run() -> None:
        asyncio.run(serve(db, on_ready=lambda url: (found.append(url), ready.set()), settings=FREELY))

    threading.Thread(target=run, daemon=True).start()
    if not ready.wait(30):
        raise SystemExit("the server did not start")
    return found[0], tokens


def installed(folder: Path) -> Path:
    """The programs of requirements/openapi.txt in a virtual environment; its bin folder."""
    bin_ = folder / "bin"
    lock = ROOT / "requirements" / "openapi.txt"
    marker = folder / lock.name
    if not marker.exists() or marker.read_bytes() != lock.read_bytes():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(bin_ / "python"), "-m", "pip", "install", "-q", "--require-hashes", "-r", str(lock)]
        subprocess.run(pip, check=True)
        marker.write_bytes(lock.read_bytes())
    return bin_


def generated(bin_: Path, folder: Path, url: str) -> str:
    """Makes a client of the document and lets it do what a person does; what it says."""
    (folder / "openapi.json").write_bytes(document_bytes())
    environment = os.environ | {"PATH": f"{bin_}:{os.environ['PATH']}"}
    make = [str(bin_ / "openapi-python-client"), "generate", "--path", "openapi.json", "--output-path", "client"]
    run = subprocess.run(make, cwd=folder, env=environment, text=True, check=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
    warnings = re.findall(r"^WARNING .*", run.stdout, re.MULTILINE)
    if warnings != ["WARNING parsing GET /api/v1/snapshot within default."]:  # lines of JSON, not one
        raise SystemExit(f"the generator warns:\n{run.stdout}")
    (folder / "client" / "story.py").write_text(STORY)
    story = [str(bin_ / "python"), "story.py", url, PASSWORD]
    told = subprocess.run(story, cwd=folder / "client", capture_output=True, text=True, check=False)
    if told.returncode:
        raise SystemExit(f"the generated client failed:\n{told.stderr}")
    return told.stdout.strip()


def fuzzed(bin_: Path, folder: Path, url: str, token: str, cases: int) -> tuple[int, int]:
    """(cases, failures) of one run of schemathesis; its report is printed when there is a failure."""
    operations = sum(len(methods) for methods in json.loads(document_bytes())["paths"].values())
    command = [
        str(bin_ / "schemathesis"), "run", f"{url}/openapi.json", "--checks", CHECKS,
        "--continue-on-failure", "--workers", "1",
        "--phases", "examples,coverage,fuzzing", "--max-examples", str(max(1, 2 * cases // operations)), "--seed", "1",
        "--exclude-path", "/api/v1/stream", "--no-color",
    ]  # fmt: skip
    command += ["--header", f"Authorization: Bearer {token}"] if token else []
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    counts = re.search(r"([\d,]+) generated(?:, ([\d,]+) found)?", run.stdout)
    if run.returncode or counts is None:
        print(run.stdout)
    number = int(counts[1].replace(",", "")) if counts else 0
    return number, 0 if run.returncode == 0 else 1


def main() -> int:
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory(prefix="jam-openapi-") as name:
        folder = Path(name)
        bin_ = installed(Path(os.environ.get("JAMTUI_OPENAPI_VENV", folder / "venv")))
        url, tokens = start(folder / "jam.sqlite")
        print(generated(bin_, folder, url))
        total = failed = 0
        for who, token in (("participant", tokens["ada"]), ("moderator", tokens["mod"]), ("guest", "")):
            count, bad = fuzzed(bin_, folder, url, token, cases // 3)
            print(f"schemathesis as {who}: {count:,} cases, {'faults' if bad else 'no fault'}")
            total, failed = total + count, failed + bad
        print(f"{total:,} cases in all")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
