"""JSON documents of the commands; their shape is published in `schema.json`."""

from __future__ import annotations

import math
from typing import Any

SCHEMA = "excise-output/1"
"""Name and major version of the published shape; new members may appear without a new one."""


def plain(value: Any) -> Any:
    """`value` made of JSON's own kinds: arrays as lists, NaN and infinity as null."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
