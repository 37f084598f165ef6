"""What is measured: each module has ``measure(...) -> dict``, ready for JSON."""
