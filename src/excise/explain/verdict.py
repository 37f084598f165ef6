"""One word for the whole model, by a published rule, and the notes a reader should see."""

from __future__ import annotations

from typing import Literal

VerdictCode = Literal[
    "NO SIGNAL", "UNDERFIT", "OVERFIT", "AT EDGE", "DATA-STARVED", "ABOUT RIGHT"
]  # fmt: skip
