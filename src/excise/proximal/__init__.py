"""Proximal gradient steps, and Newton steps on faces: the solver of penalties that are objects."""

from __future__ import annotations

from excise.proximal.session import ProximalSession
from excise.proximal.stepwise import proximal_gradient

__all__ = ["ProximalSession", "proximal_gradient"]
