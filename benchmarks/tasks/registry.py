"""The tasks by name.

Not in the package's own file: modules of tasks are run as programs too, before all the others.
"""

from __future__ import annotations

from benchmarks.tasks import cv, many, map, memory, path, scaling, startup, threads
from benchmarks.tasks.base import Task

TASKS: dict[str, Task] = {
    "path": Task(path.measure, path.PROBLEMS, losses=True),
    "many": Task(many.measure),
    "cv": Task(cv.measure, cv.PROBLEMS),
    "threads": Task(threads.measure, threads.PROBLEMS),
    "memory": Task(memory.measure),
    "map": Task(map.measure),
    "scaling": Task(scaling.measure),
    "startup": Task(startup.measure),
}
"""In the order in which they are measured and shown."""
