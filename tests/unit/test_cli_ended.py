"""How the program ends when a signal comes at an awkward moment."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from jamtui import cli


class _Signalled:
    """What `jamtui.first_paint` does at a signal, in the middle of the making of a class: most of a start is that."""

    def __set_name__(self, owner: type, name: str) -> None:
        raise SystemExit(143)


def test_a_signal_while_a_class_is_made_is_no_fault_of_the_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python 3.11 makes a RuntimeError of what comes there."""

    def run(words: list[str], environ: Mapping[str, str]) -> int:
        type("Made", (), {"one": _Signalled()})
        return 0

    monkeypatch.setattr(cli, "_run", run)
    try:
        code = cli.main([])
    except SystemExit as end:  # Python 3.12 and later
        code = int(str(end.code))
    assert (code, capsys.readouterr().err) == (143, "")
