// The squared loss with a penalty on each coefficient: every output has a problem of its own, on
// columns that are the same.
#pragma once

#include <optional>

#include "excise/path/path.hpp"

namespace excise {

struct SeparateOutputs {
  std::vector<StandardProblem> problems;
  std::vector<NullModel> nulls;

  // `whole`: all outputs as one problem on `Outputs`, with its null model; `design` is that of one
  SeparateOutputs(const StandardProblem& whole, const NullModel& null,
                  std::shared_ptr<const Design> design, Index outputs);
  Index count() const { return ix(problems.size()); }

  // The part of a start, or of candidates, that one output has
  Start part(const Start& start, Index output) const;
  Indices part(const Indices& features, Index output) const;

  // Over working sets, in step: one reading of X for all.
  std::vector<PathResult> working_set_paths(std::span<const double> alphas, const Start* begin,
                                            const Context& context) const;
  // One path of all outputs: gaps, penalties and losses add up.
  PathResult together(std::vector<PathResult> paths) const;
};

}  // namespace excise
