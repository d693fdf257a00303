"""The device code as a drawing: what a camera and an eye get to see."""

from __future__ import annotations

import segno

from jamtui import device_page
from jamtui.output import width

URL = "https://id.example.org/device?user_code=WDJB-MJHT"


def dots(lines: list[str]) -> list[list[int]]:
    """The modules that stand in half blocks."""
    found: list[list[int]] = []
    for line in lines:
        found.append([int(char in "▀█") for char in line])
        found.append([int(char in "▄█") for char in line])
    return found


def test_the_qr_code_holds_every_module_and_its_quiet_zone() -> None:
    drawn = device_page.qr(URL, 80, 40)
    wanted = [list(row) for row in segno.make(URL, micro=False, error="l").matrix_iter(border=4)]
    assert dots(drawn)[: len(wanted)] == wanted
    assert sum(map(sum, dots(drawn)[len(wanted) :])) == 0
    assert {len(line) for line in drawn} == {len(wanted)}


def test_where_there_is_little_room_the_quiet_zone_is_smaller_and_then_there_is_none() -> None:
    size = len(device_page.qr(URL, 80, 40)[0])
    assert len(device_page.qr(URL, size - 1, 40)[0]) == size - 4
    assert device_page.qr(URL, size - 5, 40) == []
    lines = len(device_page.qr(URL, 80, 40))
    assert len(device_page.qr(URL, 80, lines - 1)) == lines - 2
    assert device_page.qr(URL, 80, lines - 3) == []
    assert device_page.qr("https://id.example/" + "a" * 300, 1000, 1000) == []
    assert device_page.qr("", 80, 40) == []


def test_letters_are_told_from_each_other() -> None:
    known = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
    drawn = ["\n".join(device_page.letters(char, 80)) for char in known]
    assert len(set(drawn)) == len(known)
    lines = device_page.letters("WDJB-MJHT", 80)
    assert len(lines) == 4
    assert max(map(width, lines)) <= 54


def test_letters_without_room_or_form_stand_apart() -> None:
    assert device_page.letters("WDJB-MJHT", 53) == ["W D J B - M J H T"]
    assert device_page.letters("WDJB-MJHT", 12) == ["WDJB-MJHT"]
    assert device_page.letters("wdjb", 80) == ["w d j b"]


def test_the_time_that_is_left() -> None:
    assert [device_page.clock(seconds) for seconds in (-3, 9, 65.2, 600)] == ["0:00", "0:09", "1:05", "10:00"]
