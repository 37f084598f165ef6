#include <algorithm>
#include <cmath>

#include "excise/path/path.hpp"
#include "excise/solve/shifted_cg.hpp"

namespace excise {
namespace {

constexpr Index kAtOnce = 64;  // columns packed at a time
constexpr double kDependent = 1e-13;
// Gaps over the null loss that gradients aim at, and that are left as they are. The error of a
// coefficient is the root of the gap.
constexpr double kAim = 1e-20, kGood = 1e-15;

// The span of the unpenalised columns: an orthonormal basis, and the way back to coefficients.
class FreeSpan {
 public:
  FreeSpan(const Design& design, const Indices& free) : n_(design.rows()) {
    Vec v(sz(n_));
    for (const Index j : free) {
      design.gather(std::span(&j, 1), Matrix(v.data(), n_, 1));
      Vec shares = project_out(v.data());
      const Vec again = project_out(v.data());
      const double length = std::sqrt(kernels().dot(v.data(), v.data(), n_));
      if (!(length > kDependentLength)) continue;
      kernels().axpy(1.0, again.data(), shares.data(), ix(shares.size()));
      for (double& x : v) x /= length;
      basis_.insert(basis_.end(), v.begin(), v.end());
      shares.push_back(length);
      triangle_.push_back(std::move(shares));
      kept_.push_back(j);
    }
  }

  // v -= Q Q'v; returns Q'v
  Vec project_out(double* v) const {
    Vec shares;
    for (Index k = 0; k < ix(kept_.size()); ++k) {
      const double* q = basis_.data() + k * n_;
      shares.push_back(kernels().dot(q, v, n_));
      kernels().axpy(-shares.back(), q, v, n_);
    }
    return shares;
  }

  // The coefficients of the free columns that fit the part of v in their span
  void coefficients(Vec v, Vec& b) const {
    Vec shares = project_out(v.data());
    for (Index k = ix(kept_.size()) - 1; k >= 0; --k) {
      const Vec& column = triangle_[sz(k)];
      const double x = shares[sz(k)] / column[sz(k)];
      b[sz(kept_[sz(k)])] = x;
      kernels().axpy(-x, column.data(), shares.data(), k);
    }
  }

 private:
  static constexpr double kDependentLength = 1e-10;
  Index n_;
  Vec basis_;
  std::vector<Vec> triangle_;
  Indices kept_;
};

// K = Z_P L2^{-1} Z_P' with the free span projected out, a few columns at a time
Vec kernel_matrix(const StandardProblem& problem, const Indices& paying, const FreeSpan& free,
                  const Context& context) {
  const Index n = ix(problem.y.size());
  Vec k(sz(n * n)), packed(sz(n * kAtOnce)), turned(sz(n * kAtOnce));
  for (Index lo = 0; lo < ix(paying.size()); lo += kAtOnce) {
    const auto some =
        std::span(paying).subspan(sz(lo), std::min(sz(kAtOnce), paying.size() - sz(lo)));
    const Index m = ix(some.size());
    problem.design->gather(some, Matrix(packed.data(), n, m));
    for (Index j = 0; j < m; ++j) {
      free.project_out(packed.data() + j * n);
      const double root = 1.0 / std::sqrt(problem.penalty.l2[sz(some[sz(j)])]);
      for (Index i = 0; i < n; ++i) turned[sz(j + i * m)] = packed[sz(i + j * n)] * root;
    }
    add_cross_products(ConstMatrix(turned.data(), m, n), ConstMatrix(turned.data(), m, 0),
                       Matrix(k.data(), n, n), Matrix(k.data(), n, 0), context);
    context.poll();
  }
  mirror(Matrix(k.data(), n, n));
  return k;
}

// M = K + alpha I. Rows that depend on earlier ones (alpha near 0) are left out: their equations
// hold by themselves, and the solution is the one of least norm.
class RowSystem {
 public:
  RowSystem(const Vec& k, Index n, double alpha, const Context& context) : n_(n) {
    Vec row, x;
    for (Index i = 0; i < n; ++i) {
      row.clear();
      for (const Index j : rows_) row.push_back(k[sz(j + i * n)]);
      const double diagonal = k[sz(i + i * n)];
      const double pivot = factor_.project(row.data(), diagonal + alpha, x);
      if (!(pivot > kDependent * diagonal)) continue;
      factor_.append(x, pivot);
      rows_.push_back(i);
      if (i % 64 == 0) context.poll();
    }
  }

  // x := M^{-1} x
  void solve(double* x) const {
    Vec some;
    for (const Index i : rows_) some.push_back(x[i]);
    factor_.solve(some.data());
    std::fill_n(x, n_, 0.0);
    for (std::size_t k = 0; k < rows_.size(); ++k) x[rows_[k]] = some[k];
  }

 private:
  Index n_;
  Indices rows_;
  Cholesky factor_;
};

Indices columns_with_ridge(const Penalty& penalty, bool ridge) {
  Indices out;
  for (Index j = 0; j < penalty.size(); ++j)
    if (!penalty.at(j, 1.0).excluded() && (penalty.l2[sz(j)] > 0) == ridge) out.push_back(j);
  return out;
}

// The points of one ridge path.
class RidgePath {
 public:
  RidgePath(const StandardProblem& problem, const Context& context)
      : problem_(problem),
        context_(context),
        certifier_(problem.penalty, problem.noise()),
        n_(ix(problem.y.size())),
        p_(problem.design->cols()),
        paying_(columns_with_ridge(problem.penalty, true)),
        free_(*problem.design, columns_with_ridge(problem.penalty, false)) {
    for (Index j = 0; j < p_; ++j) all_.push_back(j);
  }

  PathResult run(std::span<const double> alphas) {
    if (n_ <= kMostDirectRows)
      directly(alphas);
    else
      by_gradients(alphas);
    return std::move(result_);
  }

 private:
  // What a dual vector u says: b, the residual r, and what is missing, r - alpha u.
  struct Told {
    Vec b, r, missing;
  };

  void directly(std::span<const double> alphas) {
    const Vec kernel = kernel_matrix(problem_, paying_, free_, context_);
    for (const double alpha : alphas) {
      solve(alpha, RowSystem(kernel, n_, alpha, context_));
      context_.poll();
    }
  }

  // The system is refined until its dual vector u and the coefficients tell of one residual.
  void solve(double alpha, const RowSystem& system) {
    constexpr int kRefinements = 5;
    Vec dual(sz(n_));
    Told told;
    told.missing = projected(problem_.y);
    double last = kInfinity;
    for (int round = 0; round < kRefinements; ++round) {
      system.solve(told.missing.data());
      kernels().axpy(1.0, told.missing.data(), dual.data(), n_);
      free_.project_out(dual.data());
      told = tell(alpha, dual);
      double worst = 0.0;
      for (const double v : told.missing) worst = std::max(worst, std::abs(v));
      if (worst <= problem_.noise() || worst > 0.5 * last) break;
      last = worst;
    }
    result_.points.push_back(judged(alpha, told, result_.correlations));
    ++result_.n_solves;
  }

  // Conjugate gradients, a few alphas at a time: they share their readings of X.
  void by_gradients(std::span<const double> alphas) {
    constexpr std::size_t kTogether = 16;
    constexpr Index kMostProducts = 2000;
    for (std::size_t lo = 0; lo < alphas.size(); lo += kTogether) {
      const auto some = alphas.subspan(lo, std::min(kTogether, alphas.size() - lo));
      const std::vector<Vec> duals = gradients(projected(problem_.y), some, kMostProducts);
      for (std::size_t k = 0; k < some.size(); ++k) polish(some[k], duals[k]);
    }
  }

  // What rounding left of the gap is solved for again; the best point counts.
  void polish(double alpha, Vec dual) {
    constexpr int kRounds = 3;
    constexpr Index kMostAgain = 200;
    PathPoint best;
    for (int round = 0; round < kRounds; ++round) {
      const Told told = tell(alpha, dual);
      Vec c;
      PathPoint point = judged(alpha, told, c);
      if (round > 0 && !(point.optimality.gap < best.optimality.gap)) break;
      best = std::move(point);
      result_.correlations = std::move(c);
      if (best.optimality.gap <= kGood * null_loss()) break;
      const Vec more = gradients(told.missing, std::span(&alpha, 1), kMostAgain).front();
      kernels().axpy(1.0, more.data(), dual.data(), n_);
    }
    best.converged = best.optimality.gap <= kGood * null_loss();
    result_.points.push_back(std::move(best));
    ++result_.n_solves;
  }

  std::vector<Vec> gradients(const Vec& y, std::span<const double> alphas, Index most) {
    Vec c, b(sz(p_));
    const auto product = [&](const Vec& v, Vec& out) {
      context_.poll();
      correlate(v, c);
      spread(c, b);
      out.assign(sz(n_), 0.0);
      problem_.design->predict(all_, b.data(), out.data());
      free_.project_out(out.data());
    };
    return shifted_cg(product, y, alphas, kAim * null_loss(), most);
  }

  double null_loss() const { return 0.5 * problem_.yy; }

  Told tell(double alpha, const Vec& dual) {
    Told told{Vec(sz(p_)), {}, {}};
    Vec c;
    correlate(dual, c);
    spread(c, told.b);
    free_.coefficients(residual(told.b), told.b);
    told.r = residual(told.b);
    told.missing = projected(told.r);
    kernels().axpy(-alpha, dual.data(), told.missing.data(), n_);
    return told;
  }

  PathPoint judged(double alpha, const Told& told, Vec& c) {
    correlate(told.r, c);
    PathPoint point;
    point.alpha = alpha;
    for (Index j = 0; j < p_; ++j) {
      if (told.b[sz(j)] == 0) continue;
      point.support.push_back(j);
      point.values.push_back(told.b[sz(j)]);
    }
    point.rr = kernels().dot(told.r.data(), told.r.data(), n_);
    point.optimality =
        certifier_.certify(alpha, point.support, point.values, c.data(), squared_term(point.rr));
    return point;
  }

  // b = L2^{-1} c on the columns that pay
  void spread(const Vec& c, Vec& b) const {
    for (const Index j : paying_) b[sz(j)] = c[sz(j)] / problem_.penalty.l2[sz(j)];
  }

  Vec projected(Vec v) const {
    free_.project_out(v.data());
    return v;
  }

  Vec residual(const Vec& b) const {
    Vec minus(b.size()), r = problem_.y;
    for (std::size_t j = 0; j < b.size(); ++j) minus[j] = -b[j];
    problem_.design->predict(all_, minus.data(), r.data());
    return r;
  }

  void correlate(const Vec& v, Vec& c) {
    c.resize(sz(p_));
    problem_.design->correlate(ConstMatrix(v.data(), n_, 1), Matrix(c.data(), p_, 1), context_);
    ++result_.n_passes;
  }

  const StandardProblem& problem_;
  const Context& context_;
  Certifier certifier_;
  Index n_, p_;
  Indices paying_, all_;
  FreeSpan free_;
  PathResult result_;
};

}  // namespace

PathResult ridge_path(const StandardProblem& problem, std::span<const double> alphas,
                      const Context& context) {
  return RidgePath(problem, context).run(alphas);
}

}  // namespace excise
