"""What is shown while a sign-in waits for what a person does elsewhere, and how: large letters and a QR code in half
blocks, as lines of text without colours.

A QR code is dark on light whatever the terminal's colours are: most readers do not know the reverse. So its lines are
to be drawn in `DARK_ON_LIGHT`, and where colours are not wanted there is none.
"""

from __future__ import annotations

from typing import Final, Protocol

from msgspec import Struct

BROWSER, DEVICE = "browser", "device"
DARK_ON_LIGHT: Final = ("#000000", "#ffffff")
_QUIET: Final = (4, 2)  # modules of light around it: as the standard wants, and what readers do with at the least
_LONGEST: Final = 300  # characters that are worth a QR code: more makes it too fine for a terminal

# Letters of 5x7 dots, a number a line; those of user codes (RFC 8628, 6.1) and what issuers add to them.
_FONT: Final = {
    "A": "0e11111f111111", "B": "1e11111e11111e", "C": "0e11101010110e", "D": "1e11111111111e",
    "E": "1f10101e10101f", "F": "1f10101e101010", "G": "0e11101711110f", "H": "1111111f111111",
    "I": "0e04040404040e", "J": "0702020202120c", "K": "11121418141211", "L": "1010101010101f",
    "M": "111b1515111111", "N": "11191513111111", "O": "0e11111111110e", "P": "1e11111e101010",
    "Q": "0e11111115120d", "R": "1e11111e141211", "S": "0f10100e01011e", "T": "1f040404040404",
    "U": "1111111111110e", "V": "11111111110a04", "W": "1111111515150a", "X": "11110a040a1111",
    "Y": "1111110a040404", "Z": "1f01020408101f", "0": "0e11131519110e", "1": "040c040404040e",
    "2": "0e11010204081f", "3": "1f02040201110e", "4": "02060a121f0202", "5": "1f101e0101110e",
    "6": "0608101e11110e", "7": "1f010204080808", "8": "0e11110e11110e", "9": "0e11110f01020c",
    "-": "0000001f000000",
}  # fmt: skip


class Page(Struct, frozen=True):
    """What a person is shown. All texts are harmless.

    ``url`` is to be opened; ``code`` ("" in a browser here) is to be typed or compared there; ``qr`` is what a phone
    should get, "" when there is no use of it. ``ends`` is of the monotonic clock. ``notes`` are further sentences.
    """

    way: str
    who: str
    host: str
    url: str
    ends: float
    code: str = ""
    qr: str = ""
    opened: bool = False
    notes: tuple[str, ...] = ()


class NewAccount(Struct, frozen=True):
    """Somebody new at a Jam where this machine knows another account: perhaps one that a stranger led the sign-in to,
    who then reads what is written as them. Texts are harmless; ``handle`` and those of ``known`` begin with an @."""

    handle: str
    known: str

    @property
    def question(self) -> str:
        return f"Is {self.handle} you, too?"

    @property
    def why(self) -> str:
        return f"The page signed you in as {self.handle}; known here until now: {self.known}."


class Shows(Protocol):
    """Where the sign-in is shown. Called on the loop that signs in."""

    def page(self, page: Page) -> None: ...

    def tell(self, text: str) -> None:
        """What holds it up, or goes on, in words; "" takes that back."""
        ...

    async def is_you(self, new: NewAccount) -> bool:
        """Asks the person, where one can be asked. Nothing is kept of an account that is not theirs."""
        ...


def letters(code: str, columns: int) -> list[str]:
    """``code`` in letters of four lines; one line of spaced letters where it has others, or no room."""
    if any(char not in _FONT for char in code) or 6 * len(code) > columns:
        return spaced(code, columns)
    rows = [[int(_FONT[char][2 * row : 2 * row + 2], 16) for char in code] for row in range(7)] + [[0] * len(code)]
    return [
        " ".join(
            "".join(_half(upper >> bit & 1, lower >> bit & 1) for bit in (4, 3, 2, 1, 0))
            for upper, lower in zip(rows[row], rows[row + 1], strict=True)
        ).rstrip()
        for row in range(0, 8, 2)
    ]


def spaced(code: str, columns: int) -> list[str]:
    wide = " ".join(code)
    return [wide if len(wide) <= columns else code]


def qr(text: str, columns: int, lines: int) -> list[str]:
    """``text`` as a QR code with its quiet zone, to be drawn in `DARK_ON_LIGHT`; [] where it has no room."""
    if not text or len(text) > _LONGEST:
        return []
    import segno  # 20 ms, when a code is shown

    made = segno.make(text, micro=False, error="l")
    for quiet in _QUIET:
        dots = [bytes(row) for row in made.matrix_iter(border=quiet)]
        if len(dots[0]) <= columns and (len(dots) + 1) // 2 <= lines:
            dots += [bytes(len(dots[0]))] * (len(dots) % 2)
            return [
                "".join(_half(upper, lower) for upper, lower in zip(dots[row], dots[row + 1], strict=True))
                for row in range(0, len(dots), 2)
            ]
    return []


def clock(seconds: float) -> str:
    """The time left, ``9:05``."""
    left = max(0, round(seconds))
    return f"{left // 60}:{left % 60:02}"


def _half(upper: int, lower: int) -> str:
    return " ▄▀█"[2 * upper + lower]
