"""``jamtui jam``: what it prints for people and for programs, of a Jam whose words are a stranger's."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jamtui import cli
from jamtui.archive import rfc3339

NOW = datetime.now(UTC)  # the command looks at the clock itself; the hours are a year around it
YEAR = timedelta(days=365)


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JAMTUI_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("JAMTUI_TOKEN", raising=False)
    phases = [
        {"id": "a", "title": "Ide\x1b[2Jas", "starts_at": rfc3339(NOW - YEAR), "guidance": "One\na \x9bthread."},
        {"id": "b", "title": "Refining", "starts_at": rfc3339(NOW + YEAR / 2), "closed_to": ["threads", "sleep"]},
    ]
    jam = {"format": 1, "id": "j", "slug": "tea", "title": "Tea\x07", "opens_at": rfc3339(NOW - YEAR),
           "closes_at": rfc3339(NOW + YEAR), "grace_seconds": 60, "phases": phases, "colour": "green"}  # fmt: skip
    file = tmp_path / "tea.jsonl"
    file.write_text(json.dumps({"type": "jam", "data": jam}) + "\n")
    return file


def test_for_people(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["jam", "--jam", str(archive)]) == 0
    out = capsys.readouterr().out
    expected = (
        "The Jam is open.", "“Refining” begins in 182 d", "It takes no new threads.", "One a", "it can be read",
        "Tokyo\t", "here (",
    )  # fmt: skip
    for words in expected:
        assert words in out, words
    assert not set(out) & set("\x1b\x9b\x07")


def test_for_programs(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["jam", "--json", "--jam", str(archive)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert not set(line) & set("\x1b\x9b\x07")
    found = json.loads(line)
    assert found | {"state": "open", "phase": "a", "may": [], "clock_error": 0, "colour": "green"} == found
    assert found["next"] == {"what": "phase", "at": rfc3339(NOW + YEAR / 2), "phase": "b"}
    assert [phase["id"] for phase in found["phases"]] == ["a", "b"]
