#include "excise/path/row_folds.hpp"

#include <algorithm>
#include <optional>

#include "excise/path/windowed_path.hpp"

namespace excise {
namespace {

constexpr double kStateBytes = 256e6;  // of all folds that go side by side, or
constexpr double kStateShare = 0.05;   // this share of X
constexpr double kReading = 0.4;       // what a shared reading costs a path

// A fold, and the engine of its training rows. Calls come from different threads, each with its
// own way to be stopped.
class RowFold {
 public:
  RowFold(const Engine& all, const Folds& folds, Index fold, const Context& context,
          std::shared_ptr<SharedColumns> shared)
      : all_(all), turn_(&context), context_{1, [this] { turn_->poll(); }} {
    Statement s = all.statement();
    const auto& role = folds.role[sz(fold)];
    const std::size_t n = role.size();
    if (s.weights.empty()) s.weights.assign(n, 1.0 / static_cast<double>(n));
    double total = 0.0;
    for (std::size_t i = 0; i < n; ++i)
      if (role[i] == Role::Train) total += s.weights[i];
    for (std::size_t i = 0; i < n; ++i) {
      if (role[i] == Role::Test) {
        test_.push_back(ix(i));
        test_weights_.push_back(s.weights[i]);
      }
      s.weights[i] = role[i] == Role::Train ? s.weights[i] / total : 0.0;
    }
    if (!folds.refills.empty() && !folds.refills[sz(fold)].empty())
      s.design = std::make_shared<Refilled>(s.design, folds.refills[sz(fold)]);
    const Moments moments = s.design->moments(s.weights, context_);
    own_.emplace(std::move(s), moments, context_, std::move(shared));
  }
  RowFold(const RowFold&) = delete;
  RowFold& operator=(const RowFold&) = delete;

  Engine& engine() { return *own_; }

  // Does what follows in the name of `context`.
  void take_turn(const Context& context) { turn_ = &context; }

  void begin(std::span<const double> alphas) {
    own_->start();
    scaled_.assign(alphas.begin(), alphas.end());
    for (double& a : scaled_) a /= own_->unit();
    path_.emplace(own_->problem(), own_->null(), scaled_, context_, kReading);
  }
  WindowedPath& path() { return *path_; }

  FoldResult score(const PathResult& path) const;

 private:
  double error(double a, const PathPoint* point, const Indices& slot, const Vec& held) const;

  const Engine& all_;
  const Context* turn_;
  Context context_;
  Indices test_;
  Vec test_weights_, scaled_;
  std::optional<Engine> own_;
  std::optional<WindowedPath> path_;
};

// Held-out errors of the points of a path over the training rows
FoldResult RowFold::score(const PathResult& path) const {
  const Design& design = *own_->statement().design;
  Indices slot(sz(design.cols()), -1), ever;
  for (const PathPoint& point : path.points)
    for (const Index j : point.support)
      if (slot[sz(j)] < 0) {
        slot[sz(j)] = ix(ever.size());
        ever.push_back(j);
      }
  const std::size_t n = sz(design.rows()), m = test_.size();
  constexpr std::size_t kAtOnce = 64;  // finding columns may read the whole table
  Vec held(m * ever.size()), some(n * std::min(kAtOnce, ever.size()));
  for (std::size_t lo = 0; lo < ever.size(); lo += kAtOnce) {
    const std::size_t count = std::min(kAtOnce, ever.size() - lo);
    design.gather(std::span(ever).subspan(lo, count), Matrix(some.data(), ix(n), ix(count)));
    for (std::size_t k = 0; k < count; ++k)
      for (std::size_t i = 0; i < m; ++i) held[i + (lo + k) * m] = some[sz(test_[i]) + k * n];
  }
  FoldResult result;
  const double y_mean = own_->scaling().y_mean, yy = own_->problem().yy;
  result.null = error(y_mean, nullptr, slot, held);
  for (const PathPoint& point : path.points) {
    result.errors.push_back(error(y_mean, &point, slot, held));
    result.worst_gap = std::max(result.worst_gap, yy > 0 ? point.optimality.gap / (0.5 * yy) : 0.0);
  }
  return result;
}

// Of the intercept `a` and the coefficients of `point`; `held` has column slot[j] for feature j.
double RowFold::error(double a, const PathPoint* point, const Indices& slot,
                      const Vec& held) const {
  const std::size_t m = test_.size();
  Vec eta(m, a);
  if (point) {
    std::vector<const double*> columns;
    Vec b;
    double shift = 0.0;
    for (std::size_t k = 0; k < point->support.size(); ++k) {
      const std::size_t j = sz(point->support[k]);
      b.push_back(point->values[k] * own_->unit() / own_->scaling().scale[j]);
      columns.push_back(held.data() + sz(slot[j]) * m);
      shift += own_->scaling().mean[j] * b.back();
    }
    for (double& e : eta) e -= shift;
    kernels().combine(columns.data(), b.data(), ix(b.size()), ix(m), eta.data());
  }
  double sum = 0.0, total = 0.0;
  for (std::size_t i = 0; i < m; ++i) {
    const double rest = all_.statement().y[sz(test_[i])] - eta[i];
    sum += test_weights_[i] * rest * rest;
    total += test_weights_[i];
  }
  return sum / total;
}

// How many folds may stand side by side
Index at_once(const Engine& engine, Index count) {
  constexpr double kVectors = 20;  // of length n and p, for each fold
  constexpr Index kLeast = 4;
  const Statement& s = engine.statement();
  const double bytes = 8 * kVectors * static_cast<double>(s.n() + s.p());
  const double room =
      std::max(kStateBytes, kStateShare * 8 * static_cast<double>(s.design->stored()));
  return std::clamp(static_cast<Index>(std::min(room / bytes, static_cast<double>(count))),
                    std::min(kLeast, count), count);
}

// Folds from `first` on, side by side
class SideBySide {
 public:
  SideBySide(const Engine& engine, std::span<const double> alphas, const Folds& folds, Index first,
             Index count, const Context& context)
      : engine_(engine), context_(context), folds_(sz(count)), results_(sz(count)) {
    std::shared_ptr<SharedColumns> shared;
    if (!engine.statement().design->sparse())
      shared = std::make_shared<SharedColumns>(engine.statement().design);
    each(count, [&](Index f, const Context& inner) {
      folds_[sz(f)] = std::make_unique<RowFold>(engine, folds, first + f, inner, shared);
      folds_[sz(f)]->begin(alphas);
    });
  }

  std::vector<FoldResult> run() {
    const Index n = engine_.statement().n(), p = engine_.statement().p();
    Indices going(folds_.size());
    for (std::size_t f = 0; f < folds_.size(); ++f) going[f] = ix(f);
    std::vector<char> done(folds_.size());
    Vec residuals(sz(n) * folds_.size()), seen;
    for (bool first = true; !going.empty(); first = false) {
      each(ix(going.size()), [&](Index g, const Context& inner) {
        const Index f = going[sz(g)];
        RowFold& fold = *folds_[sz(f)];
        fold.take_turn(inner);
        if (!first) fold.path().accept(std::span(seen).subspan(sz(g * p), sz(p)));
        done[sz(f)] = !fold.path().advance();
        if (done[sz(f)]) results_[sz(f)] = fold.score(fold.path().result());
      });
      std::erase_if(going, [&](Index f) { return done[sz(f)]; });
      seen.resize(sz(p) * going.size());
      read(going, residuals, seen);
    }
    return std::move(results_);
  }

 private:
  template <class Body>
  void each(Index count, Body&& body) {
    parallel_tasks(context_, count, context_.n_threads, body);
  }

  // What every column sees of the residual of each fold's window; folds that fill in missing
  // values differently are different tables.
  void read(const Indices& going, Vec& residuals, Vec& seen) {
    const Index n = engine_.statement().n(), p = engine_.statement().p();
    for (std::size_t lo = 0, hi = 0; lo < going.size(); lo = hi) {
      std::vector<const Standardized*> views;
      const Design* const base = folds_[sz(going[lo])]->engine().design().base();
      for (; hi < going.size(); ++hi) {
        RowFold& fold = *folds_[sz(going[hi])];
        if (fold.engine().design().base() != base) break;
        views.push_back(&fold.engine().design());
        const auto asks = fold.path().asks();
        std::copy(asks.begin(), asks.end(), residuals.begin() + ix(hi) * n);
      }
      const Index count = ix(hi - lo);
      Standardized::correlate_views(views, ConstMatrix(residuals.data() + ix(lo) * n, n, count),
                                    Matrix(seen.data() + ix(lo) * p, p, count), context_);
    }
  }

  const Engine& engine_;
  const Context& context_;
  std::vector<std::unique_ptr<RowFold>> folds_;
  std::vector<FoldResult> results_;
};

}  // namespace

FoldResult fold_on_rows(const Engine& engine, std::span<const double> alphas, const Folds& folds,
                        Index fold, const Context& context) {
  RowFold alone(engine, folds, fold, context, nullptr);
  return alone.score(alone.engine().path(alphas));
}

std::vector<FoldResult> folds_on_rows(const Engine& engine, std::span<const double> alphas,
                                      const Folds& folds, const Context& context) {
  const Index count = folds.count();
  std::vector<FoldResult> results;
  if (!engine.uses_working_sets()) {
    results.resize(sz(count));
    parallel_tasks(context, count, context.n_threads, [&](Index fold, const Context& inner) {
      results[sz(fold)] = fold_on_rows(engine, alphas, folds, fold, inner);
    });
    return results;
  }
  const Index width = at_once(engine, count);
  for (Index first = 0; first < count; first += width) {
    SideBySide some(engine, alphas, folds, first, std::min(width, count - first), context);
    for (FoldResult& result : some.run()) results.push_back(std::move(result));
  }
  return results;
}

}  // namespace excise
