"""Strangers' text on a real terminal: every hostile payload in every field, where it is shown, counted in bytes."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

CORPUS = Path(__file__).parents[1] / "data" / "hostile" / "corpus.json"
KINDS = ("esc", "c0", "c1", "uni", "markup", "md")  # text in a post; the others are a server's answers
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[^\[])")  # ECMA-48: CSI in full, of others the first two
BEHIND = "QZX"  # written behind each payload of a reply
SHORT = 150  # characters of a payload in fields of one line, which have limits
TIME = "2026-01-01T00:00:00Z"
# What no stranger's text may send: C0 but LF, DEL, C1, bidi controls. ESC is looked for together with what follows
# it in the payload, since Textual writes escapes of its own.
FORBIDDEN = (
    {chr(code) for code in range(32) if chr(code) not in "\n\r\t\x1b"}
    | {"\x7f"}
    | {chr(code) for code in range(0x80, 0xA0)}
    | set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
)


def payloads() -> list[tuple[str, str]]:
    cases = json.loads(CORPUS.read_text("utf-8"))
    return [(case["id"], case["payload"]) for case in cases if case["kind"] in KINDS]


def records(texts: list[str]) -> Iterator[dict[str, Any]]:
    """A Jam with a forum, a person, a thread and a reply for each text, the text in every field of each."""

    def new(kind: str, number: int) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{kind}{number}"))

    yield {
        "type": "jam",
        "data": {
            "format": 1, "id": new("jam", 0), "slug": "hostile", "title": texts[0], "summary": texts[0],
            "opens_at": TIME, "closes_at": "2099-01-01T00:00:00Z",
        },
    }  # fmt: skip
    for n, text in enumerate(texts):
        short = text[:SHORT]
        person = {"id": new("person", n), "handle": f"h{n}{short}", "name": short, "role": short, "org": short}
        yield {"type": "person", "data": person}
    for n, text in enumerate(texts):
        forum = {"id": new("forum", n), "slug": f"f{n}", "title": f"f{n} {text[:SHORT]}", "brief": text, "position": n}
        yield {"type": "forum", "data": forum}
    for n, text in enumerate(texts):
        common = {"forum_id": new("forum", n), "thread_id": new("post", n), "author_id": new("person", n)}
        common |= {"created_at": TIME, "tags": [text[:SHORT]], "votes": {"up": 1}}
        yield {
            "type": "post",
            "data": {**common, "id": new("post", n), "parent_id": None, "title": f"t{n} {text[:SHORT]}", "body": text},
        }
        reply = {**common, "id": new("reply", n), "parent_id": new("post", n), "body": f"mark{n}.\n\n{text}{BEHIND}"}
        yield {"type": "post", "data": reply}


def escapes_of(text: str) -> set[bytes]:
    """Each escape sequence of a payload with the characters behind it, as it would be written if it were let through.

    The characters behind, `BEHIND` at the latest, are the payload's: a sequence alone, such as a reset of colours, is
    among what Textual itself writes. They are looked for as they are and with ESC made visible, since one sequence
    may be let through and the next one not.
    """
    whole, found = text + BEHIND, set()
    for sequence in _SEQUENCE.finditer(whole):
        rest = re.split(r"[\x00-\x1a\x1c-\x1f\x7f-\x9f]", whole[sequence.end() : sequence.end() + 3])[0]
        found |= (
            {sequence[0] + rest, sequence[0] + rest.replace("\x1b", "\u241b")} if rest else {whole[sequence.start() :]}
        )
    return {one.encode("utf-8", "replace") for one in found}


@pytest.mark.slow
def test_no_payload_drives_the_terminal(
    terminal: Callable[..., Any], tmp_path: Path, figure: Callable[[str], None]
) -> None:
    cases = payloads()
    texts = [text for _, text in cases]
    archive = tmp_path / "hostile.jsonl"
    archive.write_text("".join(json.dumps(record) + "\n" for record in records(texts)), "ascii")
    jam = terminal("open", str(archive), size=(140, 50))
    jam.wait_for("f0 ")
    places = 0
    for n in range(len(texts)):
        jam.press("enter")  # the forum; its thread is drawn beside it
        jam.wait(lambda screen, n=n: f"mark{n}." in screen, f"mark{n}. of {cases[n][0]}")
        jam.press("enter", "escape", "escape")
        jam.wait(lambda screen, n=n: f"t{n} " not in screen and f"f{n} " in screen, f"back in the forums after {n}")
        jam.press("down")
        places += 3
    jam.press("2")
    jam.wait_for("New posts")
    jam.press(*["pagedown" if step % 2 else "j" for step in range(40)], "G")
    jam.press("/")
    jam.wait_for("Type to search")
    jam.press(*"mark1")
    jam.wait_for("hits")
    jam.press("escape")
    jam.wait_gone("Esc leaves")
    jam.press("?")
    jam.wait_for("Keys")
    jam.press("q")
    jam.wait_gone("Keys")
    jam.press("1", "q")
    assert jam.wait_end() == 0
    output = re.sub(rb"\x1b\]22;\w+\x07", b"", jam.output)  # Textual's own: the shape of the pointer
    text = output.decode("utf-8", "replace")
    hits = sorted(FORBIDDEN & set(text))
    driven = sorted(escape for payload in texts for escape in escapes_of(payload) if escape in output)
    figure(f"promise 1: {len(hits) + len(driven)} payload control bytes over {len(texts)} payloads, {places} places")
    assert not hits, f"control characters on the terminal: {hits}"
    assert not driven, f"escape sequences of payloads on the terminal: {driven}"
    assert "PWNED-TITLE\x07" not in text
    assert jam.modes_left_on() == set()
    assert jam.line_settings() == jam.before
