#include "excise/path/cross_validation.hpp"

#include <algorithm>
#include <cmath>

#include "excise/path/cells.hpp"
#include "excise/path/row_folds.hpp"

namespace excise {
namespace {

constexpr double kTrusted = 1e-10;      // relative gap beyond which a fold is done on its rows
constexpr double kConstant = 1e-11;     // share of a second moment below which nothing varies
constexpr double kMomentBytes = 256e6;  // for all cells together, or
constexpr double kMomentShare = 0.05;   // this share of X
constexpr double kWhole = 1e-3;         // least share of a second moment that a difference may be

// Training and held-out rows as sums of cells: the data are not read again.
class MomentFolds {
 public:
  MomentFolds(const Engine& engine, const Folds& folds, Cells cells, const Context& context)
      : engine_(engine),
        folds_(folds),
        cells_(std::move(cells)),
        moments_(cell_moments(engine.problem(), cells_, context)),
        all_(engine.statement().p()) {
    for (const CrossMoments& cell : moments_) all_.add(1.0, cell);
  }

  const CrossMoments& all() const { return all_; }

  FoldResult run(const Asked& asked, Index fold, const Context& context) const {
    const Index p = engine_.statement().p();
    CrossMoments train = gather(fold, Role::Train);
    const CrossMoments test = gather(fold, Role::Test);
    const bool centred = engine_.statement().fit_intercept;
    const double y_mean = centred ? train.y / train.w : 0.0;
    Vec mean(sz(p)), scale(sz(p)), full_scale(sz(p)), q(sz(p));
    for (Index j = 0; j < p; ++j) {
      const double second = train.zz[sz(j + j * p)] / train.w;
      if (centred) mean[sz(j)] = train.z[sz(j)] / train.w;
      const double variance = second - mean[sz(j)] * mean[sz(j)];
      if (variance > kConstant * second)
        scale[sz(j)] = std::sqrt(variance);
      else if (second > 0 && !constant(fold, j))
        return {};  // so little beside its mean that moments do not see it: not trusted
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
    StandardProblem problem;
    const double yy = problem.yy = std::max(0.0, train.yy / train.w - y_mean * y_mean);
    problem.penalty = standard_penalty(engine_.statement(), full_scale, engine_.unit());
    const PathResult path =
        gram_path(ConstMatrix(train.zz.data(), p, p), q, problem, asked, context);
    FoldResult result;
    const double square = engine_.unit() * engine_.unit() / test.w;
    result.null = test.squared_error(y_mean, {}, {}, nullptr) * square;
    result.worst_gap = yy > 0 ? worst_gap(path) / (0.5 * yy) : 0.0;
    held_out_errors(judged_points(path), test, Line{y_mean, mean, scale}, result.errors);
    for (double& error : result.errors) error *= square;
    result.trusted = result.worst_gap <= kTrusted;
    return result;
  }

 private:
  // Whether a column has one value on the training rows: looked up where moments cannot tell.
  bool constant(Index fold, Index j) const {
    const Statement& s = engine_.statement();
    std::shared_ptr<const Design> design = s.design;
    if (!folds_.refills.empty())
      design = std::make_shared<Refilled>(design, folds_.refills[sz(fold)]);
    Vec x(sz(s.n()));
    design->gather(std::span(&j, 1), Matrix(x.data(), s.n(), 1));
    const double* first = nullptr;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const bool counts = folds_.role[sz(fold)][i] == Role::Train && engine_.problem().root[i] > 0;
      if (!counts) continue;
      if (!first) first = &x[i];
      if (x[i] != *first) return false;
    }
    return true;
  }

  struct Line {
    double y_mean;
    const Vec &mean, &scale;
  };

  // Several alphas share one reading of the held-out cross-moments.
  static void held_out_errors(const std::vector<const PathPoint*>& points, const CrossMoments& test,
                              const Line& line, Vec& errors) {
    constexpr std::size_t kTogether = 16;
    const Index p = test.p();
    Vec b(sz(p) * kTogether), zzb(b.size());
    for (std::size_t lo = 0; lo < points.size(); lo += kTogether) {
      const std::size_t count = std::min(kTogether, points.size() - lo);
      std::fill(b.begin(), b.end(), 0.0);
      std::vector<char> named(sz(p));
      Vec intercepts(count, line.y_mean);
      for (std::size_t l = 0; l < count; ++l) {
        const PathPoint& point = *points[lo + l];
        for (std::size_t k = 0; k < point.support.size(); ++k) {
          const std::size_t j = sz(point.support[k]);
          named[j] = 1;
          const double value = b[j + l * sz(p)] = point.values[k] / line.scale[j];
          intercepts[l] -= line.mean[j] * value;
        }
      }
      products(ConstMatrix(test.zz.data(), p, p), named, ConstMatrix(b.data(), p, ix(count)),
               Matrix(zzb.data(), p, ix(count)));
      for (std::size_t l = 0; l < count; ++l)
        errors.push_back(test.squared_error(intercepts[l], points[lo + l]->support,
                                            b.data() + l * sz(p), zzb.data() + l * sz(p)));
    }
  }

  // Of the cells in this role; where they are most of all rows, all less the others, unless a
  // column has so little left that digits are lost.
  CrossMoments gather(Index fold, Role role) const {
    CrossMoments sum(engine_.statement().p());
    double weight = 0.0;
    const auto collect = [&](bool in, double sign) {
      for (Index c = 0; c < cells_.count(); ++c)
        if ((cells_.role[sz(c)][sz(fold)] == role) == in) sum.add(sign, moments_[sz(c)]);
    };
    for (Index c = 0; c < cells_.count(); ++c)
      if (cells_.role[sz(c)][sz(fold)] == role) weight += moments_[sz(c)].w;
    bool whole = 2 * weight > all_.w;
    if (whole) {
      sum = all_;
      collect(false, -1.0);
      for (Index j = 0; j < sum.p(); ++j)
        whole = whole && !(sum.second(j) < kWhole * all_.second(j));
      if (!whole) sum = CrossMoments(sum.p());
    }
    if (!whole) collect(true, 1.0);
    if (folds_.refills.empty()) return sum;
    const Scaling& s = engine_.scaling();
    for (const Refill& f : folds_.refills[sz(fold)])
      if (s.scale[sz(f.column)] > 0 && s.scale[sz(f.indicator)] > 0)
        sum.refill(f.column, f.indicator,
                   f.delta * s.scale[sz(f.indicator)] / s.scale[sz(f.column)]);
    return sum;
  }

  const Engine& engine_;
  const Folds& folds_;
  Cells cells_;
  std::vector<CrossMoments> moments_;
  CrossMoments all_;
};

// Whether all cells together stay small beside X.
bool moments_fit(const Engine& engine, const Cells& cells, Index folds) {
  const double p = static_cast<double>(engine.statement().p());
  const auto numbers = static_cast<double>(engine.statement().design->stored());
  return cells.count() <= 2 * folds + 2 && static_cast<double>(cells.count()) * p * p * 8 <=
                                               std::max(kMomentBytes, kMomentShare * numbers * 8);
}

}  // namespace

struct CrossValidator::Parts {
  Engine& engine;
  Folds folds;
  std::unique_ptr<MomentFolds> moments;
};

CrossValidator::CrossValidator(Engine& engine, Folds folds, const Context& context)
    : parts_(std::make_unique<Parts>(Parts{engine, std::move(folds), nullptr})) {
  if (!engine.uses_gram() || !engine.problem().design->tiles_cheaply()) return;  // of one output
  Cells cells(parts_->folds);
  if (!moments_fit(engine, cells, parts_->folds.count())) return;
  parts_->moments = std::make_unique<MomentFolds>(engine, parts_->folds, std::move(cells), context);
  const CrossMoments& all = parts_->moments->all();
  engine.give_gram(all.zz, all.zy);
}

CrossValidator::~CrossValidator() = default;

HeldOut CrossValidator::run(const Asked& asked, bool eta, const Context& context) const {
  Engine& engine = parts_->engine;  // clang < 16 captures no structured bindings
  const Folds& folds = parts_->folds;
  const MomentFolds* moments = parts_->moments.get();
  const Index count = folds.count();
  const Index k = ix(asked.alphas.size() * std::max<std::size_t>(1, asked.shares.size()));
  Vec scaled(asked.alphas.begin(), asked.alphas.end());
  for (double& a : scaled) a /= engine.unit();
  std::vector<FoldResult> results;
  if (moments && !eta) {
    results.resize(sz(count));
    parallel_tasks(context, count, context.n_threads, [&](Index fold, const Context& inner) {
      FoldResult& result = results[sz(fold)];
      result = moments->run({scaled, asked.shares}, fold, inner);
      if (!result.trusted) result = fold_on_rows(engine, asked, folds, fold, false, inner);
    });
  } else {
    results = folds_on_rows(engine, asked, folds, eta, context);
  }
  HeldOut out{Vec(sz(k * count)), Vec(sz(count)), 0.0, {}};
  for (Index fold = 0; fold < count; ++fold) {
    FoldResult& r = results[sz(fold)];
    std::copy(r.errors.begin(), r.errors.end(), out.errors.begin() + fold * k);
    out.null[sz(fold)] = r.null;
    if (eta) out.eta.push_back(std::move(r.eta));
    out.worst_gap = std::max(out.worst_gap, r.worst_gap);
  }
  return out;
}

}  // namespace excise
