// A design that is written in Python, driven by the core like any other.
#pragma once

#include <nanobind/nanobind.h>

#include "excise/design/design.hpp"

namespace nb = nanobind;

// Calls the methods of a `Checked` design (src/excise/design/custom.py), which has looked at every
// answer. Every call takes the GIL, which the engine has released, whatever thread it comes from.
class PythonDesign final : public excise::Design {
 public:
  explicit PythonDesign(nb::object design);
  PythonDesign(const PythonDesign&) = delete;
  PythonDesign& operator=(const PythonDesign&) = delete;
  ~PythonDesign() override;

  excise::Index rows() const override { return n_; }
  excise::Index cols() const override { return p_; }
  bool tiles_cheaply() const override { return tiles_cheaply_; }

  void correlate(excise::ConstMatrix r, excise::Matrix out,
                 const excise::Context& context) const override;
  void gather(std::span<const excise::Index> columns, excise::Matrix out) const override;
  void tile(excise::Index begin, excise::Index end, excise::Matrix out) const override;
  excise::Moments moments(std::span<const double> weights,
                          const excise::Context& context) const override;
  void predict(std::span<const excise::Index> columns, const double* b, double* out) const override;

 private:
  nb::object design_;
  excise::Index n_, p_;
  bool tiles_cheaply_, predicts_, knows_moments_;
};
