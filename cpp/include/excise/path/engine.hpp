// From data as they come to certified paths: centring, scaling, units, and the choice between the
// Gram matrix and working sets.
#pragma once

#include <optional>

#include "excise/design/decorators.hpp"
#include "excise/path/path.hpp"
#include "excise/path/separate_outputs.hpp"

namespace excise {

// The problem as the user states it, on the original scale.
struct Statement {
  std::shared_ptr<const Design> design;
  Vec y;        // of the squared loss the offset is already taken off; output after output
  Vec weights;  // sum to one; empty: equal
  Vec penalty_weight, lower, upper;
  double l1_ratio = 1.0;
  bool fit_intercept = true;
  bool standardize = false;
  std::shared_ptr<const Loss> loss = nullptr;  // null: squared
  Vec offset = {};                             // of another loss; empty: none
  double tol = 1e-10;  // wanted gap over the null loss; squared loss: at most 1e-10
  Index outputs = 1;   // of y: coefficient (j, k) is number j * outputs + k
  // Groups of columns that are in or out together, as compressed rows; empty: every column by
  // itself. A group's penalty weight is that of its first column, times `group_weight` (empty: 1).
  // Of sparse groups `l1_share` of the tax is paid column by column, without the group's weight.
  Indices group_start = {}, group_members = {};
  // Of a concave penalty in place of the elastic net, for the squared loss of one output without
  // bounds; none: the elastic net
  ConcaveShape concave = {};
  Vec group_weight = {};
  double l1_share = 0.0;

  Index n() const { return design->rows(); }
  Index p() const { return design->cols(); }
  bool grouped() const { return !group_start.empty(); }
};

// Centre and scale of columns and target. With an intercept: weighted mean and standard
// deviation; without: zero and root mean square. Scale 0 marks a column that carries nothing.
struct Scaling {
  Vec mean, scale;
  Vec divisor;          // of the columns inside: see inner_divisor
  double y_mean = 0.0;  // of one output

  // How long a column is inside: 1, if it is not one of a group
  double length(Index j) const { return scale[sz(j)] > 0 ? scale[sz(j)] / divisor[sz(j)] : 1.0; }
};

// The penalty, without groups, on columns divided by `divisor`, for a target in units of `unit`.
Penalty standard_penalty(const Statement& statement, const Vec& divisor, double unit);

// A power of two near the largest |value|, so that dividing by it rounds nothing.
double power_of_two_near(std::span<const double> values);

class Engine {
 public:
  // `shared`: columns that engines of other rows of the same table use too
  Engine(Statement statement, Moments moments, Context context,
         std::shared_ptr<SharedColumns> shared = nullptr);

  const Statement& statement() const { return statement_; }
  const Scaling& scaling() const { return scaling_; }
  // Fits the columns that pay nothing; what follows needs it. Cheap when done already.
  void start();
  double alpha_max() const { return alpha_max_ * unit_; }
  // Largest gradient at b = 0 per unit of penalty weight, on the scale the penalty is stated on
  double top_gradient() const;
  // Where a grid of alphas starts: alpha_max, taken at l1_ratio = 0.001 where that is smaller,
  // since a ridge alone never makes a coefficient zero (and then is free of the scale of y).
  double grid_top() const;
  // The intercept of each output at a point, columns being centred; null: with no feature in
  Vec intercepts(const PathPoint* point) const;
  // The constant that some losses leave open is such that intercepts have mean zero.
  void fix_constant(Vec& intercepts) const;
  // How many coefficients there are
  Index n_coefficients() const { return statement_.p() * statement_.outputs; }
  double null_loss() const { return problem_.null_loss * unit_ * unit_; }
  // Unit of y inside: coefficients, alphas and correlations are in it, losses in its square.
  double unit() const { return unit_; }
  const StandardProblem& problem() const { return problem_; }
  const Standardized& design() const { return *design_; }
  const NullModel& null() const { return null_; }
  // Whether its paths are those of working sets, which may take turns
  bool uses_working_sets() const { return !uses_gram_ && !is_plain_ridge() && !falls_apart(); }
  bool uses_gram() const { return uses_gram_; }
  // Takes Z'Z and Z'y from one who has them already.
  void give_gram(Vec gram, Vec q) {
    gram_ = std::move(gram);
    q_ = std::move(q);
  }

  // Takes the path of these alphas from one who has it already, for the next call of path().
  void give_path(const Asked& asked, PathResult path) {
    known_alphas_.assign(asked.alphas.begin(), asked.alphas.end());
    known_shares_.assign(asked.shares.begin(), asked.shares.end());
    known_ = std::move(path);
  }

  // Points in units of `unit`; alphas in the user's. `begin` too is in units of `unit`. Shares are
  // for one output without groups, with a tax.
  PathResult path(const Asked& asked, const Start* begin = nullptr);

  // Entries and exits between alpha_max and `last`, by falling alpha, in the user's unit;
  // `candidates` are the features known to be kept somewhere there.
  std::vector<Event> events(double last, const Indices& candidates);

 private:
  void set_target();
  void set_loss();
  void set_null_loss();
  void set_null_losses();
  void choose_intercepts();
  void need_gram();
  bool is_plain_ridge() const;
  // Whether each output has a problem of its own
  bool falls_apart() const {
    return statement_.outputs > 1 && !statement_.loss && !statement_.grouped();
  }
  bool prefers_working_sets(std::size_t n_alphas) const;
  // Of one output
  PathResult path_of(const StandardProblem& problem, const NullModel& null, Index output,
                     const Asked& asked, const Start* begin);
  std::vector<Event> events_of(const StandardProblem& problem, const NullModel& null, Index output,
                               const Indices& candidates, double first, double last);
  std::span<const double> q(Index output) const {
    return std::span(q_).subspan(sz(output * statement_.p()), sz(statement_.p()));
  }
  ConstMatrix gram() const { return {gram_.data(), statement_.p(), statement_.p()}; }

  Statement statement_;
  Context context_;
  Scaling scaling_;
  std::shared_ptr<const Standardized> design_;
  StandardProblem problem_;
  double unit_ = 1.0;
  double alpha_max_ = 0.0;
  Vec null_intercepts_;
  Indices with_intercept_;  // outputs whose intercept is a column behind those of the features
  bool uses_gram_ = false, started_ = false;
  NullModel null_;
  Vec gram_, q_;  // q: output after output
  Vec known_alphas_, known_shares_;
  PathResult known_;
};

}  // namespace excise
