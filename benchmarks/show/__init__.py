"""Results into tables and a picture: ``python -m benchmarks.show`` puts them into the documents."""
