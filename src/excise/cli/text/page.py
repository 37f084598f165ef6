"""The sheet that text is set on: how wide, with which glyphs, in colour or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from excise.cli.text.cells import wrap

Role = Literal["kept", "paid", "short", "tax", "strong", "faint", "error", "warning"]

_SGR: dict[Role, str] = {
    "kept": "34",
    "paid": "2",
    "short": "2",
    "tax": "31",
    "strong": "1",
    "faint": "2",
    "error": "1;31",
    "warning": "1;33",
}
"""Terminal codes; every role also differs by glyph or word, so colour is never needed."""


class Glyphs(NamedTuple):
    """What bars are drawn with."""

    paid: str
    kept: str
    short: str
    tax: str
    ellipsis: str


UNICODE = Glyphs("▒", "█", "░", "┊", "…")
ASCII = Glyphs("=", "#", ".", "|", "...")


@dataclass(frozen=True)
class Page:
    """Width in cells, glyphs and colour of rendered text."""

    width: int = 80
    ascii: bool = False
    color: bool = False

    @property
    def glyphs(self) -> Glyphs:
        """Bars and ellipsis."""
        return ASCII if self.ascii else UNICODE

    def paint(self, role: Role, text: str) -> str:
        """`text` in the colour of its role, or as it is."""
        return f"\x1b[{_SGR[role]}m{text}\x1b[0m" if self.color and text else text

    def wrap(self, text: str, first: str = "", hang: str = "") -> list[str]:
        """`text` in lines that fit this page."""
        return wrap(text, self.width, first, hang)
