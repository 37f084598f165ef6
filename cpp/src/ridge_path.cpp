#include <algorithm>
#include <cmath>

#include "excise/path/path.hpp"

namespace excise {
namespace {

constexpr Index kAtOnce = 64;  // columns packed at a time
constexpr Index kBatch = 8;    // dual vectors correlated at a time
constexpr double kDependent = 1e-13;

// K = Z_P L2^{-1} Z_P', a few columns at a time
Vec kernel_matrix(const StandardProblem& problem, const Indices& paying, const Context& context) {
  const Index n = ix(problem.y.size());
  Vec k(sz(n * n)), packed(sz(n * kAtOnce)), turned(sz(n * kAtOnce));
  for (Index lo = 0; lo < ix(paying.size()); lo += kAtOnce) {
    const auto some =
        std::span(paying).subspan(sz(lo), std::min(sz(kAtOnce), paying.size() - sz(lo)));
    const Index m = ix(some.size());
    problem.design->gather(some, Matrix(packed.data(), n, m));
    for (Index j = 0; j < m; ++j) {
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

}  // namespace

PathResult ridge_path(const StandardProblem& problem, std::span<const double> alphas,
                      const Context& context) {
  const Index n = ix(problem.y.size()), p = problem.design->cols();
  Indices paying, free;
  for (Index j = 0; j < p; ++j)
    if (!problem.penalty.at(j, 1.0).excluded())
      (problem.penalty.l2[sz(j)] > 0 ? paying : free).push_back(j);
  const Vec k = kernel_matrix(problem, paying, context);
  const Index u = ix(free.size());
  Vec columns(sz(n * u));
  problem.design->gather(free, Matrix(columns.data(), n, u));

  PathResult result;
  Certifier certifier(problem.penalty);
  Vec duals, x;
  std::vector<PathPoint> batch;
  const auto finish = [&] {
    const Index m = ix(batch.size());
    Vec correlations(sz(p * m));
    const Matrix c(correlations.data(), p, m);
    problem.design->correlate(ConstMatrix(duals.data(), n, m), c, context);
    for (Index l = 0; l < m; ++l) {
      PathPoint& point = batch[sz(l)];
      double* const r = duals.data() + l * n;
      for (Index i = 0; i < n; ++i) r[i] *= point.alpha;
      for (const Index j : paying) {
        point.support.push_back(j);
        point.values.push_back(c(j, l) / problem.penalty.l2[sz(j)]);
      }
      for (Index j = 0; j < p; ++j) c(j, l) *= point.alpha;
      point.rr = kernels().dot(r, r, n);
      point.optimality =
          certifier.certify(point.alpha, point.support, point.values, c.column(l), point.rr);
      if (l + 1 == m) result.correlations.assign(c.column(l), c.column(l) + p);
      result.points.push_back(std::move(point));
    }
    result.n_passes += m;
    batch.clear();
    duals.clear();
  };
  for (const double alpha : alphas) {
    const RowSystem system(k, n, alpha, context);
    ++result.n_solves;
    // The unpenalised columns: U' M^{-1} U b_U = U' M^{-1} y
    Vec solved = columns, dual = problem.y, rhs;
    for (Index a = 0; a < u; ++a) system.solve(solved.data() + a * n);
    Cholesky small;
    Indices kept;
    for (Index a = 0; a < u; ++a) {
      const double* const own = &solved[sz(a * n)];
      Vec g;
      for (const Index e : kept) g.push_back(kernels().dot(own, &columns[sz(e * n)], n));
      const double diagonal = kernels().dot(own, &columns[sz(a * n)], n);
      const double pivot = small.project(g.data(), diagonal, x);
      if (!(pivot > kDependent * diagonal)) continue;
      small.append(x, pivot);
      kept.push_back(a);
      rhs.push_back(kernels().dot(own, problem.y.data(), n));
    }
    small.solve(rhs.data());
    PathPoint point;
    point.alpha = alpha;
    for (std::size_t e = 0; e < kept.size(); ++e) {
      kernels().axpy(-rhs[e], &columns[sz(kept[e] * n)], dual.data(), n);
      point.support.push_back(free[sz(kept[e])]);
      point.values.push_back(rhs[e]);
    }
    system.solve(dual.data());
    duals.insert(duals.end(), dual.begin(), dual.end());
    batch.push_back(std::move(point));
    if (ix(batch.size()) == kBatch) finish();
    context.poll();
  }
  if (!batch.empty()) finish();
  return result;
}

}  // namespace excise
