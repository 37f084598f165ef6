#include "excise/path/row_folds.hpp"

#include <algorithm>
#include <optional>

#include "excise/design/outputs.hpp"
#include "excise/path/windowed_path.hpp"

namespace excise {
namespace {

constexpr double kStateBytes = 256e6;  // of all folds that go side by side, or
constexpr double kStateShare = 0.05;   // this share of X
constexpr double kReading = 0.2;       // what a shared reading costs a path

// Who is called by different threads, each with its own way to be stopped.
class Turns {
 public:
  explicit Turns(const Context& context)
      : turn_(&context), context_{1, [this] { turn_->poll(); }} {}
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  const Context& context() const { return context_; }
  // What follows is done in the name of this one.
  void take(const Context& context) { turn_ = &context; }

 private:
  const Context* turn_;
  Context context_;
};

// A fold, and the engine of its training rows.
class RowFold {
 public:
  RowFold(const Engine& all, const Folds& folds, Index fold, const Context& context,
          std::shared_ptr<SharedColumns> shared)
      : all_(all), outputs_(all.statement().outputs) {
    Statement s = all.statement();
    const auto& role = folds.role[sz(fold)];
    const std::size_t n = role.size();
    if (s.weights.empty()) s.weights.assign(n, 1.0 / static_cast<double>(n));
    double total = 0.0;
    for (std::size_t i = 0; i < n; ++i)
      if (role[i] == Role::Train) total += s.weights[i];
    const bool coupled = s.loss && s.loss->couples_rows();
    for (std::size_t i = 0; i < n; ++i) {
      if (role[i] == Role::Test || (coupled && role[i] == Role::Train)) {
        rows_.push_back(ix(i));
        weights_.push_back(s.weights[i]);
        held_out_.push_back(role[i] == Role::Test);
      }
      s.weights[i] = role[i] == Role::Train ? s.weights[i] / total : 0.0;
    }
    if (!folds.refills.empty() && !folds.refills[sz(fold)].empty())
      s.design = std::make_shared<Refilled>(s.design, folds.refills[sz(fold)]);
    const Moments moments = s.design->moments(s.weights, context);
    own_.emplace(std::move(s), moments, context, std::move(shared));
  }

  Engine& engine() { return *own_; }
  // `eta`: whether the held-out rows' predictors are wanted too
  FoldResult score(const PathResult& path, bool eta) const;

 private:
  Vec predict(const PathPoint* point, const Indices& slot, const Vec& held) const;
  double error(const Vec& eta) const;
  double coupled_error(const Loss& loss, const Vec& eta) const;
  void append_held_out(const Vec& eta, Vec& out) const;

  // The row of y, or of an offset, that the i-th predictor is of
  std::size_t row_of(std::size_t i) const {
    const std::size_t m = rows_.size(), k = i / m;
    return sz(rows_[i - k * m]) + k * sz(all_.statement().n());
  }

  const Engine& all_;
  Index outputs_;
  // Whose predictor the error needs: those held out; of coupled rows those that train too
  Indices rows_;
  Vec weights_;
  std::vector<char> held_out_;
  std::optional<Engine> own_;
};

// Held-out errors of the points of a path over the training rows
FoldResult RowFold::score(const PathResult& path, bool eta) const {
  const Design& design = *own_->statement().design;
  Indices slot(sz(design.cols()), -1), ever;
  for (const PathPoint& point : path.points)
    for (const Index c : point.support)
      if (const Index j = c / outputs_; j < ix(slot.size()) && slot[sz(j)] < 0) {
        slot[sz(j)] = ix(ever.size());
        ever.push_back(j);
      }
  const std::size_t n = sz(design.rows()), m = rows_.size();
  constexpr std::size_t kAtOnce = 64;  // finding columns may read the whole table
  Vec held(m * ever.size()), some(n * std::min(kAtOnce, ever.size()));
  for (std::size_t lo = 0; lo < ever.size(); lo += kAtOnce) {
    const std::size_t count = std::min(kAtOnce, ever.size() - lo);
    design.gather(std::span(ever).subspan(lo, count), Matrix(some.data(), ix(n), ix(count)));
    for (std::size_t k = 0; k < count; ++k)
      for (std::size_t i = 0; i < m; ++i) held[i + (lo + k) * m] = some[sz(rows_[i]) + k * n];
  }
  FoldResult result;
  const double null = own_->problem().null_loss;
  const Vec alone = predict(nullptr, slot, held);
  result.null = error(alone);
  if (eta) append_held_out(alone, result.eta);
  const auto judge = [&](const PathPoint& point) {
    const Vec predicted = predict(&point, slot, held);
    result.errors.push_back(error(predicted));
    if (eta) append_held_out(predicted, result.eta);
  };
  for (const PathPoint* point : judged_points(path)) judge(*point);
  result.worst_gap = null > 0 ? worst_gap(path) / null : 0.0;
  return result;
}

// With the intercepts and the coefficients of `point`, output after output; `held` has column
// slot[j] for feature j. The offset counts where the loss does not have it taken off y; a constant
// that the loss leaves open is as it comes.
Vec RowFold::predict(const PathPoint* point, const Indices& slot, const Vec& held) const {
  const std::size_t m = rows_.size();
  Vec intercepts = own_->intercepts(point), eta;
  std::vector<std::vector<const double*>> columns(intercepts.size());
  std::vector<Vec> b(intercepts.size());
  Vec shift(intercepts.size());
  for (std::size_t s = 0; point && s < point->support.size(); ++s) {
    const std::size_t j = sz(point->support[s] / outputs_), k = sz(point->support[s] % outputs_);
    if (j >= slot.size()) continue;  // an intercept
    b[k].push_back(point->values[s] * own_->unit() / own_->scaling().divisor[j]);
    columns[k].push_back(held.data() + sz(slot[j]) * m);
    shift[k] += own_->scaling().mean[j] * b[k].back();
  }
  for (std::size_t k = 0; point && k < intercepts.size(); ++k) intercepts[k] -= shift[k];
  for (std::size_t k = 0; k < intercepts.size(); ++k) {
    eta.insert(eta.end(), m, intercepts[k]);
    kernels().combine(columns[k].data(), b[k].data(), ix(b[k].size()), ix(m), eta.data() + k * m);
  }
  if (const Vec& offset = all_.statement().offset; !offset.empty())
    for (std::size_t i = 0; i < eta.size(); ++i) eta[i] += offset[row_of(i)];
  return eta;
}

void RowFold::append_held_out(const Vec& eta, Vec& out) const {
  for (std::size_t i = 0; i < rows_.size(); ++i)
    for (std::size_t e = i; held_out_[i] && e < eta.size(); e += rows_.size())
      out.push_back(eta[e]);
}

// Mean deviance; of the squared loss the mean squared error.
double RowFold::error(const Vec& eta) const {
  const auto& loss = all_.statement().loss;
  if (loss && loss->couples_rows()) return coupled_error(*loss, eta);
  double total = 0.0;
  Vec y(eta.size()), weights;
  for (std::size_t i = 0; i < eta.size(); ++i) y[i] = all_.statement().y[row_of(i)];
  for (const double w : weights_) total += w;
  for (Index k = 0; k < outputs_; ++k)
    weights.insert(weights.end(), weights_.begin(), weights_.end());
  if (loss) return 2 * loss->value(y, eta, weights) / total;
  double sum = 0.0;
  for (std::size_t i = 0; i < eta.size(); ++i)
    sum += weights[i] * (y[i] - eta[i]) * (y[i] - eta[i]);
  return sum / total;
}

// What the held-out rows add to the deviance of those that train, per unit of their weight: the
// cross-validated partial likelihood (Verweij and van Houwelingen, Statistics in Medicine 12, 1993)
double RowFold::coupled_error(const Loss& loss, const Vec& eta) const {
  const Vec& y = all_.statement().y;
  Vec everywhere(y.size()), all(y.size()), training(y.size());
  double total = 0.0;
  for (std::size_t i = 0; i < eta.size(); ++i) {
    const std::size_t row = sz(rows_[i]);
    everywhere[row] = eta[i];
    all[row] = weights_[i];
    (held_out_[i] ? total : training[row]) += weights_[i];
  }
  return 2 * (loss.value(y, everywhere, all) - loss.value(y, everywhere, training)) / total;
}

// How many folds may stand side by side
Index at_once(const Engine& engine, Index count) {
  constexpr double kVectors = 20;  // of length n and p, for each fold
  constexpr Index kLeast = 4;
  const Statement& s = engine.statement();
  const double bytes = 8 * kVectors * static_cast<double>((s.n() + s.p()) * s.outputs);
  const double room =
      std::max(kStateBytes, kStateShare * 8 * static_cast<double>(s.design->stored()));
  return std::clamp(static_cast<Index>(std::min(room / bytes, static_cast<double>(count))),
                    std::min(kLeast, count), count);
}

// One of those that go side by side: a fold, or all rows.
class Runner {
 public:
  Runner(const Context& context, const Asked& asked) : turns_(context), asked_(asked) {}

  void begin(const Engine& all, const Folds& folds, Index fold,
             std::shared_ptr<SharedColumns> shared) {
    fold_.emplace(all, folds, fold, turns_.context(), std::move(shared));
    fold_->engine().start();
    begin(fold_->engine(), kReading);
  }
  void begin(const Engine& engine, double reading) {
    engine_ = &engine;
    scaled_.assign(asked_.alphas.begin(), asked_.alphas.end());
    for (double& a : scaled_) a /= engine.unit();
    path_.emplace(engine.problem(), engine.null(), Asked(scaled_, asked_.shares), turns_.context(),
                  reading);
  }

  // Takes what the columns saw, if anything yet, and goes on; false at the end.
  bool step(std::span<const double> seen, const Context& context) {
    turns_.take(context);
    if (!seen.empty()) path_->accept(seen);
    return path_->advance();
  }
  std::span<const double> asks() const { return path_->asks(); }
  const Engine& engine() const { return *engine_; }
  const Standardized& view() const { return engine_->design(); }
  PathResult result() { return path_->result(); }
  const RowFold* fold() const { return fold_ ? &*fold_ : nullptr; }

 private:
  Turns turns_;
  Asked asked_;
  Vec scaled_;
  std::optional<RowFold> fold_;
  const Engine* engine_ = nullptr;
  std::optional<WindowedPath> path_;
};

// What every column sees of the residual that each runner asks about; folds that fill in missing
// values differently are different tables.
void read_together(const std::vector<Runner*>& going, Vec& residuals, Vec& seen,
                   const Context& context) {
  Vec apart;  // what features see of each output
  for (std::size_t lo = 0, hi = 0; lo < going.size(); lo = hi) {
    const Design* const base = going[lo]->view().base();
    const Index outputs = going[lo]->engine().statement().outputs;
    std::vector<const Standardized*> views;
    residuals.clear();
    for (; hi < going.size() && going[hi]->view().base() == base; ++hi) {
      const auto asks = going[hi]->asks();
      residuals.insert(residuals.end(), asks.begin(), asks.end());
      views.insert(views.end(), sz(outputs), &going[hi]->view());
    }
    const Index n = base->rows(), p = base->cols(), count = ix(views.size());
    const Index all = going[lo]->engine().problem().design->cols();
    seen.resize(sz(all) * hi);
    double* const first = seen.data() + ix(lo) * all;
    if (outputs > 1) apart.resize(sz(p * count));
    Standardized::correlate_views(views, ConstMatrix(residuals.data(), n, count),
                                  Matrix(outputs > 1 ? apart.data() : first, p, count), context);
    for (std::size_t g = lo; outputs > 1 && g < hi; ++g) {
      const Index at = ix(g - lo) * outputs;
      static_cast<const Outputs&>(*going[g]->engine().problem().design)
          .collect(apart.data() + at * p, residuals.data() + at * n, first + ix(g - lo) * all);
    }
  }
}

// Folds from `first` on side by side, the first of them with the path of all rows.
std::vector<FoldResult> side_by_side(Engine& engine, const Asked& asked, const Folds& folds,
                                     Index first, Index count, bool eta, const Context& context) {
  std::shared_ptr<SharedColumns> shared;
  if (!engine.statement().design->sparse())
    shared = std::make_shared<SharedColumns>(engine.statement().design);
  const Index all = first == 0 ? 1 : 0;  // the path of all rows, the longest task, goes first
  std::vector<std::unique_ptr<Runner>> runners(sz(all + count));
  const auto each = [&](std::size_t size, auto&& body) {
    parallel_tasks(context, ix(size), context.n_threads, body);
  };
  each(runners.size(), [&](Index k, const Context& inner) {
    Runner& runner = *(runners[sz(k)] = std::make_unique<Runner>(inner, asked));
    if (k < all)
      runner.begin(engine, 1.0);
    else
      runner.begin(engine, folds, first + k - all, shared);
  });
  std::vector<FoldResult> results(sz(count));
  std::vector<Runner*> going;
  for (const auto& runner : runners) going.push_back(runner.get());
  const std::size_t p = sz(engine.problem().design->cols());
  for (Vec residuals, seen; !going.empty(); read_together(going, residuals, seen, context)) {
    std::vector<char> goes_on(going.size());
    each(going.size(), [&](Index g, const Context& inner) {
      const auto share =
          seen.empty() ? std::span<const double>() : std::span(seen).subspan(sz(g) * p, p);
      goes_on[sz(g)] = going[sz(g)]->step(share, inner);
    });
    std::size_t kept = 0;
    for (std::size_t g = 0; g < goes_on.size(); ++g)
      if (goes_on[g]) going[kept++] = going[g];
    going.resize(kept);
  }
  each(runners.size(), [&](Index k, const Context&) {
    if (const RowFold* fold = runners[sz(k)]->fold())
      results[sz(k - all)] = fold->score(runners[sz(k)]->result(), eta);
    else
      engine.give_path(asked, runners[sz(k)]->result());
  });
  return results;
}

}  // namespace

FoldResult fold_on_rows(const Engine& engine, const Asked& asked, const Folds& folds, Index fold,
                        bool eta, const Context& context) {
  RowFold alone(engine, folds, fold, context, nullptr);
  return alone.score(alone.engine().path(asked), eta);
}

std::vector<FoldResult> folds_on_rows(Engine& engine, const Asked& asked, const Folds& folds,
                                      bool eta, const Context& context) {
  const Index count = folds.count();
  std::vector<FoldResult> results;
  if (!engine.uses_working_sets()) {
    results.resize(sz(count));
    parallel_tasks(context, count, context.n_threads, [&](Index fold, const Context& inner) {
      results[sz(fold)] = fold_on_rows(engine, asked, folds, fold, eta, inner);
    });
    return results;
  }
  engine.start();
  const Index width = at_once(engine, count);
  for (Index first = 0; first < count; first += width) {
    const Index some = std::min(width, count - first);
    for (FoldResult& result : side_by_side(engine, asked, folds, first, some, eta, context))
      results.push_back(std::move(result));
  }
  return results;
}

}  // namespace excise
