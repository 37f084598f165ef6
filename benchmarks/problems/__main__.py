"""Write problems as files: ``python -m benchmarks.problems FOLDER NAME [NAME ...]``."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.problems import MAKERS, load
from benchmarks.problems.files import save

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.problems", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("name", nargs="+", choices=list(MAKERS))
    options = parser.parse_args()
    for name in options.name:
        print(save(load(name), options.folder))
