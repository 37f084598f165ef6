"""What a table is stored in: the three verbs in numpy, and the handle that the core reads by.

Everything in Python that looks at X goes through a `Design`: packed blocks of columns, X'V, and
the rows of a few columns. A storage is one class here and one function of the core; a
`PythonDesign` needs no storage at all.
"""

from __future__ import annotations

from excise.design.base import ArrayDesign, Design
from excise.design.custom import PythonDesign
from excise.design.frame import FrameDesign
from excise.design.laws import check_design
from excise.design.sparse import SparseDesign

__all__ = ["ArrayDesign", "Design", "FrameDesign", "PythonDesign", "SparseDesign", "check_design"]
