"""The driver of a full screen that comes over a screen which is painted already (`jamtui.first_paint`)."""

from __future__ import annotations

from textual.driver import Driver

from jamtui.first_paint import ENTER, Painted


def over(base: type[Driver], painted: Painted) -> type[Driver]:
    """``base``, but it does not enter the alternate screen once more: many terminals would clear it."""

    class Over(base):  # type: ignore[misc, valid-type]  # which class it is, Textual finds out when it starts
        def start_application_mode(self) -> None:
            painted.hand_over()
            super().start_application_mode()

        def write(self, data: str) -> None:
            if data != ENTER or not painted.take_screen():
                super().write(data)

    return Over
