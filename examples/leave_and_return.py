"""A path is not nested: hdl leaves the diabetes model and comes back."""

from __future__ import annotations

import excise as ex

table = ex.demo("diabetes")
names = [name for name in table.columns if name != "progression"]
X, y = table.select(names).to_numpy(), table["progression"].to_numpy()

path = ex.fit_path(X, y, standardize=True, alpha_min_ratio=1e-5)
for event in path.events():
    print(f"{event.alpha:10.6f}  {names[event.feature]:4} {event.kind}")

story = [event.kind for event in path.events() if names[event.feature] == "hdl"]
assert story == ["enters", "leaves", "enters"]
