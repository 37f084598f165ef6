"""Table in; chosen model, ledger, why and report out."""

from __future__ import annotations

import excise as ex

table = ex.demo("diabetes")
model = ex.SparseRegressor().fit(table.drop("progression"), table["progression"])

print(model)  # the tax, what is kept, the score, the verdict, the proof
print(model.ledger())  # every feature, zeros included
print(model.why("glu"))  # an account that adds up
print(model.at("min"))  # another penalty, no refit

model.report("diabetes.html")
model.save("diabetes.excise.json")
assert ex.load("diabetes.excise.json").why("glu").earns == model.why("glu").earns
