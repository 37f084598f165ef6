"""Measurements of excise against its peers: same problem, same machine, same run, same proof.

``python -m benchmarks.run --help`` lists what can be measured.
"""
