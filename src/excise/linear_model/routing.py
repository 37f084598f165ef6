"""The folds of the drop-ins with a CV in their names: scikit-learn's, with its routing."""

from __future__ import annotations

from typing import Any

from sklearn import get_config
from sklearn.model_selection import check_cv
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

from excise.exceptions import InputError
from excise.folds import Folds, make_folds
from excise.linear_model.base import LinearModel, Training


class Split(LinearModel):
    """Base of estimators whose `cv` is split as scikit-learn splits it."""

    cv: Any

    def _folds(self, data: Training, params: dict[str, Any], *, classes: bool = False) -> Folds:
        """The splits; stratified by y for `classes`, where `cv` is a number or None."""
        routing = get_config()["enable_metadata_routing"]
        if params and not routing:
            raise InputError(
                f"{', '.join(params)}: passing such parameters is only supported if "
                "enable_metadata_routing=True",
                remedy="sklearn.set_config(enable_metadata_routing=True)",
            )
        routed = {}
        if routing:
            weight = data.sample_weight
            routed = process_routing(self, "fit", sample_weight=weight, **params).splitter.split
        splitter = check_cv(self.cv, data.y, classifier=classes)
        return make_folds(len(data.y), splitter.split(data.X, data.y, **routed))

    def get_metadata_routing(self) -> MetadataRouter:
        """Where `fit` sends its parameters: to itself, and to the splitter.

        Returns
        -------
        MetadataRouter
        """
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(
                splitter=check_cv(self.cv),
                method_mapping=MethodMapping().add(caller="fit", callee="split"),
            )
        )
