#include <algorithm>
#include <cmath>

#include "excise/path/path.hpp"

namespace excise {
namespace {

constexpr Index kAtOnce = 64;  // columns packed at a time
constexpr Index kBatch = 8;    // residuals correlated at a time

// K = Z_P L2^{-1} Z_P', a few columns at a time
Vec kernel_matrix(const StandardProblem& problem, const Indices& paying, const Context& context) {
  const Index n = ix(problem.y.size());
  Vec k(sz(n * n)), packed(sz(n * kAtOnce)), turned(sz(n * kAtOnce));
  for (Index lo = 0; lo < ix(paying.size()); lo += kAtOnce) {
    const auto some = std::span(paying).subspan(sz(lo), std::min(sz(kAtOnce), paying.size() - sz(lo)));
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
  Vec residuals, row(sz(n)), x;
  std::vector<PathPoint> batch;
  const auto finish = [&] {
    const Index m = ix(batch.size());
    Vec correlations(sz(p * m));
    const Matrix c(correlations.data(), p, m);
    problem.design->correlate(ConstMatrix(residuals.data(), n, m), c, context);
    for (Index l = 0; l < m; ++l) {
      PathPoint& point = batch[sz(l)];
      for (const Index j : paying) {
        point.support.push_back(j);
        point.values.push_back(c(j, l) / (point.alpha * problem.penalty.l2[sz(j)]));
      }
      point.optimality =
          certifier.certify(point.alpha, point.support, point.values, c.column(l), point.rr);
      if (l + 1 == m) result.correlations.assign(c.column(l), c.column(l) + p);
      result.points.push_back(std::move(point));
    }
    result.n_passes += m;
    batch.clear();
    residuals.clear();
  };
  for (const double alpha : alphas) {
    Cholesky factor;
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < i; ++j) row[sz(j)] = k[sz(j + i * n)] / alpha;
      const double pivot = factor.project(row.data(), 1.0 + k[sz(i + i * n)] / alpha, x);
      factor.append(x, std::max(pivot, std::numeric_limits<double>::min()));
      if (i % 64 == 0) context.poll();
    }
    ++result.n_solves;
    // The unpenalised columns: U' M^{-1} U b_U = U' M^{-1} y
    Vec solved = columns, r = problem.y, b(sz(u));
    for (Index a = 0; a < u; ++a) factor.solve(solved.data() + a * n);
    Cholesky small;
    Indices kept;
    for (Index a = 0; a < u; ++a) {
      Vec g;
      for (const Index e : kept) g.push_back(kernels().dot(&solved[sz(a * n)], &columns[sz(e * n)], n));
      const double diagonal = kernels().dot(&solved[sz(a * n)], &columns[sz(a * n)], n);
      const double pivot = small.project(g.data(), diagonal, x);
      if (!(pivot > 1e-12 * diagonal)) continue;
      small.append(x, pivot);
      kept.push_back(a);
    }
    Vec rhs;
    for (const Index a : kept) rhs.push_back(kernels().dot(&solved[sz(a * n)], problem.y.data(), n));
    small.solve(rhs.data());
    PathPoint point;
    point.alpha = alpha;
    for (std::size_t e = 0; e < kept.size(); ++e) {
      kernels().axpy(-rhs[e], &columns[sz(kept[e] * n)], r.data(), n);
      point.support.push_back(free[sz(kept[e])]);
      point.values.push_back(rhs[e]);
    }
    factor.solve(r.data());
    point.rr = kernels().dot(r.data(), r.data(), n);
    residuals.insert(residuals.end(), r.begin(), r.end());
    batch.push_back(std::move(point));
    if (ix(batch.size()) == kBatch) finish();
    context.poll();
  }
  if (!batch.empty()) finish();
  return result;
}

}  // namespace excise
