"""One run of the benchmarks: what a part told is kept, whatever becomes of the others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import __main__ as run
from benchmarks.parts import PARTS

BODIES = {
    "lives": "return [Figure('a budget', 'what was measured', 1.5)]",
    "dies": "os.kill(os.getpid(), signal.SIGKILL)",
    "leaves": "os._exit(3)",
    "raises": "raise SystemExit('no such peer')",
    "lasts": "return [Figure('a budget', 'what was measured after it', 2.5)]",
}


def test_a_part_whose_process_dies_stands_in_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, body in BODIES.items():
        code = f"import os, signal\nfrom benchmarks.figures import Figure\n\ndef figures(ground):\n    {body}\n"
        (tmp_path / f"part_that_{name}.py").write_text(code, "utf-8")
        monkeypatch.setitem(PARTS, name, f"part_that_{name}")
    monkeypatch.syspath_prepend(tmp_path)
    archive, found = tmp_path / "jam.jsonl", tmp_path / "figures.json"
    archive.touch()
    words = ["--only", ",".join(BODIES), "--no-peers", "--archive", str(archive), "--json", str(found)]
    assert run.main(words) == 1
    figures = {one["what"]: (one["value"], one["note"]) for one in json.loads(found.read_text("utf-8"))}
    dead = "its process {} before it told any figure"
    assert figures == {
        "what was measured": (1.5, ""),
        "the part part_that_dies failed": (None, dead.format("was ended by SIGKILL")),
        "the part part_that_leaves failed": (None, dead.format("ended with code 3")),
        "the part part_that_raises failed": (None, "SystemExit: no such peer"),
        "what was measured after it": (2.5, ""),
    }
    table, told = capfd.readouterr()
    assert "SIGKILL" in table
    assert "was ended by SIGKILL" in told
