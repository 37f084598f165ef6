#include <algorithm>
#include <cmath>

#include "excise/path/path.hpp"

namespace excise {
namespace {

constexpr Index kAtOnce = 64;  // columns packed at a time
constexpr double kDependent = 1e-13;

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
        free_(*problem.design, columns_with_ridge(problem.penalty, false)),
        kernel_(kernel_matrix(problem, paying_, free_, context)) {}

  // The system is refined until its dual vector u and the coefficients tell of one residual.
  PathPoint solve(double alpha, Vec& c) {
    constexpr int kRefinements = 5;
    const RowSystem system(kernel_, n_, alpha, context_);
    Vec dual(sz(n_)), b(sz(p_)), r, missing = problem_.y;
    free_.project_out(missing.data());
    c.resize(sz(p_));
    double last = kInfinity;
    for (int round = 0; round < kRefinements; ++round) {
      system.solve(missing.data());
      kernels().axpy(1.0, missing.data(), dual.data(), n_);
      free_.project_out(dual.data());
      correlate(dual, c);
      std::fill(b.begin(), b.end(), 0.0);
      for (const Index j : paying_) b[sz(j)] = c[sz(j)] / problem_.penalty.l2[sz(j)];
      free_.coefficients(residual(b), b);
      missing = r = residual(b);
      free_.project_out(missing.data());
      kernels().axpy(-alpha, dual.data(), missing.data(), n_);
      double worst = 0.0;
      for (const double v : missing) worst = std::max(worst, std::abs(v));
      if (worst <= problem_.noise() || worst > 0.5 * last) break;
      last = worst;
    }
    correlate(r, c);
    PathPoint point;
    point.alpha = alpha;
    for (Index j = 0; j < p_; ++j) {
      if (b[sz(j)] == 0) continue;
      point.support.push_back(j);
      point.values.push_back(b[sz(j)]);
    }
    point.rr = kernels().dot(r.data(), r.data(), n_);
    point.optimality =
        certifier_.certify(alpha, point.support, point.values, c.data(), squared_term(point.rr));
    return point;
  }
  Index n_passes() const { return n_passes_; }

 private:
  Vec residual(const Vec& b) const {
    Indices all(sz(p_));
    Vec minus(b.size()), r = problem_.y;
    for (std::size_t j = 0; j < b.size(); ++j) {
      all[j] = ix(j);
      minus[j] = -b[j];
    }
    problem_.design->predict(all, minus.data(), r.data());
    return r;
  }

  void correlate(const Vec& v, Vec& c) {
    problem_.design->correlate(ConstMatrix(v.data(), n_, 1), Matrix(c.data(), p_, 1), context_);
    ++n_passes_;
  }

  const StandardProblem& problem_;
  const Context& context_;
  Certifier certifier_;
  Index n_, p_, n_passes_ = 0;
  Indices paying_;
  FreeSpan free_;
  Vec kernel_;
};

}  // namespace

PathResult ridge_path(const StandardProblem& problem, std::span<const double> alphas,
                      const Context& context) {
  RidgePath path(problem, context);
  PathResult result;
  for (const double alpha : alphas) {
    result.points.push_back(path.solve(alpha, result.correlations));
    ++result.n_solves;
    context.poll();
  }
  result.n_passes = path.n_passes();
  return result;
}

}  // namespace excise
