"""How a fitted estimator explains itself: in frames, words, files and cards."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from excise.exceptions import InputError
from excise.linear_model.base import LinearModel
from excise.linear_model.card import card
from excise.model.file import write_atomically

if TYPE_CHECKING:
    from excise.explain import Why
    from excise.explain.several_why import SeveralWhy
    from excise.model import Model


class ExplainedModel(LinearModel, ABC):
    """Base of estimators whose `model_` is the record behind the explanations."""

    _frame: str

    @property
    @abstractmethod
    def model_(self) -> Model:
        """The record behind the explanations."""

    def ledger(self) -> Any:
        """What every feature earns, pays and keeps, zeros included.

        Returns
        -------
        data frame
            A row per feature, in the library of X (polars for arrays). Columns: feature, group,
            earns, earns_alone, tax, margin, coef_std, coef, status, enters, leaves, picked,
            decoy95.
        """
        return self.model_.ledger().to_frame(self._frame)

    def why(self, feature: str | int) -> Why | SeveralWhy:
        """Why one feature is kept or cut.

        Parameters
        ----------
        feature : str or int
            Its name (``x0``, ``x1``, ... for arrays) or position.

        Returns
        -------
        Why, or SeveralWhy of more than two classes or several responses
            Its ``str`` is the account in words.
        """
        if isinstance(feature, str):
            return self.model_.why(feature)
        return self.model_.why(self.model_.feature_names[feature])

    def report(self, path: str | FilePath) -> None:
        """Write the report: one HTML file that needs no network and no script.

        Parameters
        ----------
        path : str or Path

        Raises
        ------
        OutputError
            The file cannot be written; nothing is left half-written.
        """
        from excise.report import render_report

        write_atomically(path, render_report(self.model_).encode("utf-8"))

    def save(self, path: str | FilePath) -> None:
        """Write the model file: JSON without rows, read by `excise.load` and the command line.

        Parameters
        ----------
        path : str or Path

        Raises
        ------
        OutputError
            The file cannot be written; nothing is left half-written.
        """
        self.model_.save(path)

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        if getattr(self, "cv_", None) is not None:
            with suppress(InputError):  # the data were changed since: there is nothing to tell
                return card(type(self).__name__, self.model_)
        plain: str = super().__repr__(N_CHAR_MAX)
        return plain

    def _repr_html_(self) -> str:
        return str(self._repr_mimebundle_().get("text/html", ""))

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        """What a notebook shows: the card when fitted, scikit-learn's diagram before."""
        plain = {"text/plain": repr(self)}
        with suppress(InputError):  # nothing to tell, and the diagram asks for `model_` too
            if getattr(self, "cv_", None) is not None:
                from excise.report import notebook_card

                return plain | {"text/html": notebook_card(self.model_)}
            bundle: dict[str, str] = super()._repr_mimebundle_(**kwargs)
            return bundle
        return plain
