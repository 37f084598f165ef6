"""One adapter per tool, and null baselines: a product of X with a vector, a Gram matrix."""

from __future__ import annotations

from benchmarks.peers.adelie import Adelie
from benchmarks.peers.base import Job, Peer
from benchmarks.peers.celer import Celer
from benchmarks.peers.excise import Excise
from benchmarks.peers.glmnet import Glmnet
from benchmarks.peers.glum import Glum
from benchmarks.peers.scikit_learn import ScikitLearn
from benchmarks.peers.skglm import Skglm

PEERS: tuple[Peer, ...] = (Excise(), ScikitLearn(), Celer(), Skglm(), Adelie(), Glmnet(), Glum())
"""In the order of the tables; the first one is ours."""

__all__ = ["PEERS", "Job", "Peer"]
