#include "excise/path/cross_validation.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "excise/path/cross_moments.hpp"

namespace excise {
namespace {

constexpr double kTrusted = 1e-10;      // relative gap beyond which a fold is done on its rows
constexpr double kConstant = 1e-11;     // share of a second moment below which nothing varies
constexpr double kMomentBytes = 256e6;  // for all cells together

struct FoldResult {
  Vec errors;
  double null = 0.0, worst_gap = 0.0;
  bool trusted = true;
};

// Rows that every fold treats alike.
struct Cells {
  std::vector<Index> of_row;
  std::vector<std::vector<Role>> role;  // per cell, per fold

  explicit Cells(const Folds& folds) {
    const std::size_t n = folds.role.front().size();
    std::map<std::vector<Role>, Index> seen;
    of_row.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
      std::vector<Role> pattern;
      pattern.reserve(folds.role.size());
      for (const auto& fold : folds.role) pattern.push_back(fold[i]);
      const auto [at, is_new] = seen.try_emplace(pattern, ix(role.size()));
      if (is_new) role.push_back(pattern);
      of_row[i] = at->second;
    }
  }
  Index count() const { return ix(role.size()); }
};

// The moments of every cell from one reading of the design: a tile of rows at a time, sorted by
// cell.
std::vector<CrossMoments> cell_moments(const Engine& engine, const Cells& cells,
                                       const Context& context) {
  constexpr Index kTileRows = 2048;
  const Design& design = *engine.problem().design;
  const Vec &root = engine.problem().root, &target = engine.problem().y;
  const Index n = design.rows(), p = design.cols();
  std::vector<CrossMoments> out(sz(cells.count()), CrossMoments(p));
  const Index height = std::min(kTileRows, n);
  Vec tile(sz(height * p)), sorted(sz(height * p)), y(sz(2 * height)), sums(sz(2 * p));
  Indices order(sz(height));
  for (Index lo = 0; lo < n; lo += height) {
    const Index rows = std::min(height, n - lo);
    for (Index i = 0; i < rows; ++i) order[sz(i)] = i;
    const auto cell = [&](Index i) { return cells.of_row[sz(lo + i)]; };
    std::stable_sort(order.begin(), order.begin() + rows,
                     [&](Index a, Index b) { return cell(a) < cell(b); });
    design.tile(lo, lo + rows, Matrix(tile.data(), rows, p));
    parallel_for(context, p, 64, static_cast<double>(rows * p), [&](Index first, Index last) {
      for (Index j = first; j < last; ++j)
        for (Index i = 0; i < rows; ++i)
          sorted[sz(i + j * rows)] = tile[sz(order[sz(i)] + j * rows)];
    });
    for (Index i = 0; i < rows; ++i) {
      y[sz(i)] = target[sz(lo + order[sz(i)])];
      y[sz(i + rows)] = root[sz(lo + order[sz(i)])];
    }
    for (Index first = 0, last = 0; first < rows; first = last) {
      const Index c = cell(order[sz(first)]);
      while (last < rows && cell(order[sz(last)]) == c) ++last;
      const Index m = last - first;
      CrossMoments& moments = out[sz(c)];
      std::fill(sums.begin(), sums.end(), 0.0);
      add_cross_products(ConstMatrix(sorted.data() + first, m, p, rows),
                         ConstMatrix(y.data() + first, m, 2, rows), Matrix(moments.zz.data(), p, p),
                         Matrix(sums.data(), p, 2), context);
      kernels().axpy(1.0, sums.data(), moments.zy.data(), p);
      kernels().axpy(1.0, sums.data() + p, moments.z.data(), p);
      const double* yc = y.data() + first;
      moments.w += kernels().dot(yc + rows, yc + rows, m);
      moments.y += kernels().dot(yc, yc + rows, m);
      moments.yy += kernels().dot(yc, yc, m);
    }
  }
  for (CrossMoments& moments : out) mirror(Matrix(moments.zz.data(), p, p));
  return out;
}

class MomentFolds {
 public:
  MomentFolds(const Engine& engine, std::span<const double> alphas, const Folds& folds,
              const Cells& cells, const Context& context)
      : engine_(engine),
        alphas_(alphas.begin(), alphas.end()),
        folds_(folds),
        cells_(cells),
        moments_(cell_moments(engine, cells, context)) {
    for (double& a : alphas_) a /= engine.unit();
  }

  CrossMoments all() const {
    CrossMoments sum(engine_.statement().p());
    for (const CrossMoments& cell : moments_) sum.add(cell);
    return sum;
  }

  FoldResult run(Index fold, const Context& context) const {
    const Index p = engine_.statement().p();
    CrossMoments train = gather(fold, Role::Train), test = gather(fold, Role::Test);
    const bool centred = engine_.statement().fit_intercept;
    const double y_mean = centred ? train.y / train.w : 0.0;
    Vec mean(sz(p)), scale(sz(p)), full_scale(sz(p)), q(sz(p));
    for (Index j = 0; j < p; ++j) {
      const double second = train.zz[sz(j + j * p)] / train.w;
      if (centred) mean[sz(j)] = train.z[sz(j)] / train.w;
      const double variance = second - mean[sz(j)] * mean[sz(j)];
      scale[sz(j)] = variance > kConstant * second ? std::sqrt(variance) : 0.0;
      full_scale[sz(j)] = scale[sz(j)] * engine_.scaling().scale[sz(j)];
      if (scale[sz(j)] > 0)
        q[sz(j)] = (train.zy[sz(j)] / train.w - mean[sz(j)] * y_mean) / scale[sz(j)];
    }
    for (Index j = 0; j < p; ++j)
      for (Index i = 0; i < p; ++i) {
        double& g = train.zz[sz(i + j * p)];
        const double product = scale[sz(i)] * scale[sz(j)];
        g = product > 0 ? (g / train.w - mean[sz(i)] * mean[sz(j)]) / product : 0.0;
        if (i == j) g = 1.0;
      }
    const double yy = std::max(0.0, train.yy / train.w - y_mean * y_mean);
    const double noise = rounding(yy);
    const PathResult path = gram_path(
        ConstMatrix(train.zz.data(), p, p), q, yy,
        standard_penalty(engine_.statement(), full_scale, engine_.unit()), alphas_, noise, context);
    FoldResult result;
    const double square = engine_.unit() * engine_.unit() / test.w;
    result.null = test.squared_error(y_mean, {}, {}) * square;
    for (const PathPoint& point : path.points) {
      Vec b = point.values;
      double a = y_mean;
      for (std::size_t k = 0; k < b.size(); ++k) {
        b[k] /= scale[sz(point.support[k])];
        a -= mean[sz(point.support[k])] * b[k];
      }
      result.errors.push_back(test.squared_error(a, point.support, b) * square);
      const double gap = yy > 0 ? point.optimality.gap / (0.5 * yy) : 0.0;
      result.worst_gap = std::max(result.worst_gap, gap);
    }
    result.trusted = result.worst_gap <= kTrusted;
    return result;
  }

 private:
  CrossMoments gather(Index fold, Role role) const {
    CrossMoments sum(engine_.statement().p());
    for (Index c = 0; c < cells_.count(); ++c)
      if (cells_.role[sz(c)][sz(fold)] == role) sum.add(moments_[sz(c)]);
    if (folds_.refills.empty()) return sum;
    const Scaling& s = engine_.scaling();
    for (const Refill& f : folds_.refills[sz(fold)])
      if (s.scale[sz(f.column)] > 0 && s.scale[sz(f.indicator)] > 0)
        sum.refill(f.column, f.indicator,
                   f.delta * s.scale[sz(f.indicator)] / s.scale[sz(f.column)]);
    return sum;
  }

  const Engine& engine_;
  Vec alphas_;
  const Folds& folds_;
  const Cells& cells_;
  std::vector<CrossMoments> moments_;
};

// One fold as a row view: its held-out rows have weight zero.
FoldResult fold_on_rows(const Engine& engine, std::span<const double> alphas, const Folds& folds,
                        Index fold, const Context& context) {
  Statement s = engine.statement();
  const auto& role = folds.role[sz(fold)];
  const std::size_t n = role.size();
  const Vec weights = s.weights.empty() ? Vec(n, 1.0 / static_cast<double>(n)) : s.weights;
  double total = 0.0, test_total = 0.0;
  Indices test;
  for (std::size_t i = 0; i < n; ++i) {
    if (role[i] == Role::Train) total += weights[i];
    if (role[i] != Role::Test) continue;
    test.push_back(ix(i));
    test_total += weights[i];
  }
  s.weights.assign(n, 0.0);
  for (std::size_t i = 0; i < n; ++i)
    if (role[i] == Role::Train) s.weights[i] = weights[i] / total;
  if (!folds.refills.empty() && !folds.refills[sz(fold)].empty())
    s.design = std::make_shared<Refilled>(s.design, folds.refills[sz(fold)]);
  const auto design = s.design;
  const Vec& y = engine.statement().y;
  const Moments moments = design->moments(s.weights, context);
  Engine own(std::move(s), moments, context);
  const PathResult path = own.path(alphas);

  FoldResult result;
  Indices slot(sz(design->cols()), -1), ever;
  for (const PathPoint& point : path.points)
    for (const Index j : point.support)
      if (slot[sz(j)] < 0) {
        slot[sz(j)] = ix(ever.size());
        ever.push_back(j);
      }
  const Index m = ix(test.size());
  Vec held(sz(m) * ever.size()), column(n);
  for (std::size_t k = 0; k < ever.size(); ++k) {
    design->gather(std::span(&ever[k], 1), Matrix(column.data(), ix(n), 1));
    for (Index i = 0; i < m; ++i) held[sz(i) + k * sz(m)] = column[sz(test[sz(i)])];
  }
  const auto error = [&](double a, const PathPoint* point) {
    Vec eta(sz(m), a);
    if (point) {
      std::vector<const double*> columns;
      Vec b;
      for (std::size_t k = 0; k < point->support.size(); ++k) {
        const std::size_t j = sz(point->support[k]);
        b.push_back(point->values[k] * own.unit() / own.scaling().scale[j]);
        columns.push_back(held.data() + sz(slot[j]) * sz(m));
        for (double& e : eta) e -= own.scaling().mean[j] * b.back();
      }
      kernels().combine(columns.data(), b.data(), ix(b.size()), m, eta.data());
    }
    double sum = 0.0;
    for (Index i = 0; i < m; ++i) {
      const std::size_t row = sz(test[sz(i)]);
      sum += weights[row] * (y[row] - eta[sz(i)]) * (y[row] - eta[sz(i)]);
    }
    return sum / test_total;
  };
  result.null = error(own.scaling().y_mean, nullptr);
  for (const PathPoint& point : path.points) {
    result.errors.push_back(error(own.scaling().y_mean, &point));
    const double yy = own.problem().yy;
    result.worst_gap = std::max(result.worst_gap, yy > 0 ? point.optimality.gap / (0.5 * yy) : 0.0);
  }
  return result;
}

}  // namespace

HeldOut cross_validate(Engine& engine, std::span<const double> alphas, const Folds& folds,
                       const Context& context) {
  const Index count = folds.count(), k = ix(alphas.size());
  std::vector<FoldResult> results(sz(count));
  std::unique_ptr<Cells> cells;
  std::unique_ptr<MomentFolds> moments;
  if (engine.uses_gram() && engine.problem().design->tiles_cheaply()) {
    const double p = static_cast<double>(engine.statement().p());
    cells = std::make_unique<Cells>(folds);
    const double bytes = static_cast<double>(cells->count()) * p * p * 8;
    if (cells->count() <= 2 * count + 2 && bytes <= kMomentBytes) {
      moments = std::make_unique<MomentFolds>(engine, alphas, folds, *cells, context);
      CrossMoments all = moments->all();
      engine.give_gram(std::move(all.zz), std::move(all.zy));
    }
  }
  parallel_tasks(context, count, context.n_threads, [&](Index fold, const Context& inner) {
    FoldResult& result = results[sz(fold)];
    if (moments) result = moments->run(fold, inner);
    if (!moments || !result.trusted) result = fold_on_rows(engine, alphas, folds, fold, inner);
  });
  HeldOut out{Vec(sz(k * count)), Vec(sz(count)), 0.0};
  for (Index fold = 0; fold < count; ++fold) {
    const FoldResult& r = results[sz(fold)];
    std::copy(r.errors.begin(), r.errors.end(), out.errors.begin() + fold * k);
    out.null[sz(fold)] = r.null;
    out.worst_gap = std::max(out.worst_gap, r.worst_gap);
  }
  return out;
}

}  // namespace excise
