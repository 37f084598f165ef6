"""Results into tables and a picture; ``python -m benchmarks.show`` writes them where they belong."""
