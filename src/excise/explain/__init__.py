"""Explanations: numbers in, small frozen objects and sentences out. Nothing here reads a file."""

from excise.explain.books import Books
from excise.explain.decoys import Decoys
from excise.explain.ledger import Ledger, LedgerRow
from excise.explain.point import Point, Proof
from excise.explain.score import CVRecord, Score
from excise.explain.stability import Stability
from excise.explain.verdict import VerdictCode
from excise.explain.why import Why

__all__ = [
    "Books",
    "CVRecord",
    "Decoys",
    "Ledger",
    "LedgerRow",
    "Point",
    "Proof",
    "Score",
    "Stability",
    "VerdictCode",
    "Why",
]
