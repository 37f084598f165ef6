"""A path may not copy X: peak memory above X itself, in both orders and precisions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("order", ["F", "C"])
def test_a_path_takes_little_beside_its_data(order: str, dtype: str) -> None:
    size = ["1000", "20000", order, dtype, "30"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.tasks.memory", *size],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(done.stdout) <= 0.30
