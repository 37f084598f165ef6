// Table of contents of the extension: one file per topic.
#include <nanobind/nanobind.h>

namespace nb = nanobind;

void bind_designs(nb::module_& m);
void bind_engine(nb::module_& m);
void bind_penalties(nb::module_& m);

NB_MODULE(_core, m) {
  m.doc() = "The C++ core of excise: exact paths, cross-validation and their certificates.";
  bind_designs(m);
  bind_engine(m);
  bind_penalties(m);
}
