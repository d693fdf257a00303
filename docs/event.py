"""Puts the table of states, acts and roles into docs/event.md: ``make docs``."""

from __future__ import annotations

import re
from pathlib import Path

from jamtui import event

PAGE = Path(__file__).with_suffix(".md")
_TABLE = re.compile(r"(?<=<!-- made by `make docs` -->\n).*?(?=<!-- end -->)", re.DOTALL)

if __name__ == "__main__":
    PAGE.write_text(_TABLE.sub(lambda _: f"{event.markdown()}\n", PAGE.read_text()))
