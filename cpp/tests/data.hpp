// Random numbers that are the same everywhere, and small tables made of them.
#pragma once

#include <cmath>
#include <cstdint>
#include <memory>

#include "check.hpp"
#include "excise/certificate/duality.hpp"
#include "excise/design/dense.hpp"
#include "excise/path/engine.hpp"

namespace data {

using namespace excise;

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 2654435761u + 1) {}
  double uniform() {  // xorshift64*, in (0, 1)
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return (static_cast<double>((state_ * 2685821657736338717u) >> 11) + 0.5) * 0x1p-53;
  }
  double normal() {
    return std::sqrt(-2 * std::log(uniform())) * std::cos(6.283185307179586 * uniform());
  }
  Vec normals(Index n) {
    Vec v(sz(n));
    for (double& x : v) x = normal();
    return v;
  }

 private:
  std::uint64_t state_;
};

// A column-major table and a response that a few columns explain.
struct Table {
  Index n, p;
  Vec x, y;

  double& at(Index i, Index j) { return x[sz(i + j * n)]; }
};

inline Table table(Index n, Index p, std::uint64_t seed, double rho = 0.0) {
  Random random(seed);
  Table t{n, p, random.normals(n * p), random.normals(n)};
  for (Index j = 1; j < p; ++j)
    for (Index i = 0; i < n; ++i)
      t.at(i, j) = rho * t.at(i, j - 1) + std::sqrt(1 - rho * rho) * t.at(i, j);
  for (Index j = 0; j < p && j < 4; ++j)
    for (Index i = 0; i < n; ++i) t.y[sz(i)] += (j % 2 ? -2.0 : 3.0) * t.at(i, j);
  return t;
}

inline Statement statement(const Table& t) {
  Statement s;
  s.y = t.y;
  s.penalty_weight.assign(sz(t.p), 1.0);
  s.lower.assign(sz(t.p), -kInfinity);
  s.upper.assign(sz(t.p), kInfinity);
  return s;
}

// The engine as the bindings start it: with an intercept the design is shifted by its means.
inline std::unique_ptr<Engine> engine(const Table& t, Statement s, Context context = {}) {
  auto design = std::make_shared<Dense<double>>(t.x.data(), t.n, t.p, 1, t.n);
  Moments moments = design->moments(s.weights, context);
  s.design = design;
  if (s.fit_intercept) {
    s.design = design->about(moments.mean);
    std::fill(moments.mean.begin(), moments.mean.end(), 0.0);
  }
  auto engine = std::make_unique<Engine>(std::move(s), std::move(moments), context);
  engine->start();
  return engine;
}

inline Vec grid(double top, double ratio, Index count) {
  Vec alphas(sz(count));
  for (Index k = 0; k < count; ++k)
    alphas[sz(k)] = top * std::pow(ratio, static_cast<double>(k) / static_cast<double>(count - 1));
  return alphas;
}

// Largest gap of a path over the null loss, both in the engine's unit.
inline double worst_gap(const Engine& engine, const PathResult& path) {
  double worst = 0.0;
  for (const PathPoint& point : path.points) worst = std::fmax(worst, point.optimality.gap);
  const double null = 0.5 * engine.problem().yy;
  return null > 0 ? worst / null : worst;
}

// Points around the solution of a problem of the squared loss: no gap is below what they lose
inline void gap_bounds_suboptimality(const Table& t, const Statement& s) {
  const auto made = engine(t, s);
  const double alpha = 0.2 * made->alpha_max();
  const PathPoint best = made->path(Vec{alpha}).points[0];
  const StandardProblem& problem = made->problem();
  CHECK(best.optimality.gap <= 1e-13 * problem.null_loss);
  Random random(9);
  for (int k = 0; k < 200; ++k) {
    Vec b(sz(t.p), 0.0);
    for (std::size_t i = 0; i < best.support.size(); ++i) b[sz(best.support[i])] = best.values[i];
    for (double& value : b) value += random.normal() * std::pow(10.0, -k % 8);
    Indices all(sz(t.p));
    for (Index j = 0; j < t.p; ++j) all[sz(j)] = j;
    Vec fitted(sz(t.n), 0.0), r = problem.y, c(sz(t.p));
    problem.design->predict(all, b.data(), fitted.data());
    kernels().axpy(-1.0, fitted.data(), r.data(), t.n);
    problem.design->correlate(ConstMatrix(r.data(), t.n, 1), Matrix(c.data(), t.p, 1), Context{});
    const Optimality o = Certifier(problem.penalty, problem.noise())
                             .certify(best.alpha, all, b, c.data(),
                                      squared_term(kernels().dot(r.data(), r.data(), t.n)));
    const double optimum = best.optimality.primal - best.optimality.gap;
    CHECK(o.gap >= (o.primal - optimum) * (1 - 1e-9));
  }
}

}  // namespace data
