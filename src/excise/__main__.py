"""Entry point of the `excise` command and of ``python -m excise``.

The version is answered before anything is imported: start-up time is a budget.
"""

from __future__ import annotations

import os
import sys

INTERRUPTED = 130


def main() -> int:
    """Run the command line; returns the exit code."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        from excise._version import __version__

        sys.stdout.write(f"excise {__version__}\n")
        return 0
    try:
        from excise.cli.app import run

        code = run(arguments)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        code = INTERRUPTED
    if code == INTERRUPTED:  # at once: nothing is left to clean up
        sys.stderr.flush()
        os._exit(code)
    return code


if __name__ == "__main__":
    sys.exit(main())
