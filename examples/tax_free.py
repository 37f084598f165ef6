"""Features that pay no tax, pay double, or must not be negative."""

from __future__ import annotations

import numpy as np

import excise as ex

table = ex.demo("diabetes")
names = [name for name in table.columns if name != "progression"]
X, y = table.select(names).to_numpy(), table["progression"].to_numpy()

penalty_weight = np.ones(len(names))
penalty_weight[names.index("age")] = 0  # always in the model
penalty_weight[names.index("bmi")] = 2  # has to earn twice as much
penalty_weight[names.index("sex")] = np.inf  # never in the model

solution = ex.fit(
    X, y, alpha=5.83, standardize=True, penalty_weight=penalty_weight, bounds="positive"
)
for name, coef, verdict in zip(
    names, solution.coef_std, solution.certificate.verdicts, strict=True
):
    print(
        f"{name:4} {coef:8.3f}  earns {verdict.earns:6.2f}  tax {verdict.tax:6.2f}  "
        f"{verdict.kind.name.lower()}"
    )
print(solution.certificate.summary())
