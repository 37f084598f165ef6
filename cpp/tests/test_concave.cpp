// Laws of concave penalties, and of the solver that ends at a stationary point of them.
#include "check.hpp"
#include "data.hpp"
#include "excise/solve/cholesky.hpp"

using namespace excise;
using data::Random;

namespace {

const ConcaveNet kNets[] = {
    {Curve::Mcp, 0.4, 3.0, 1.0},  {Curve::Mcp, 0.4, 1.5, 0.2}, {Curve::Scad, 0.4, 3.7, 1.0},
    {Curve::Scad, 0.4, 2.5, 0.1}, {Curve::Log, 0.4, 1.0, 1.0}, {Curve::Log, 0.4, 0.02, 0.5},
    {Curve::Lq, 0.4, 0.5, 1.0},   {Curve::Lq, 0.4, 0.1, 1.0},
};

double objective(const ConcaveNet& net, double b, double z) {
  return 0.5 * (b - z) * (b - z) + (b == 0 ? 0.0 : net.value(std::abs(b)));
}

const ConcaveShape kShapes[] = {{Curve::Mcp, 3.0},
                                {Curve::Mcp, 1.05},
                                {Curve::Scad, 3.7},
                                {Curve::Log, 0.05},
                                {Curve::Lq, 0.5}};

// The largest distance from the optimality conditions, from the table itself
double violation(const Engine& engine, const PathPoint& point) {
  const StandardProblem& problem = engine.problem();
  const Index n = problem.design->rows(), p = problem.design->cols();
  Vec b(sz(p)), fitted(sz(n)), r = problem.y, c(sz(p));
  for (std::size_t k = 0; k < point.support.size(); ++k) b[sz(point.support[k])] = point.values[k];
  Indices all(sz(p));
  for (Index j = 0; j < p; ++j) all[sz(j)] = j;
  problem.design->predict(all, b.data(), fitted.data());
  kernels().axpy(-1.0, fitted.data(), r.data(), n);
  problem.design->correlate(ConstMatrix(r.data(), n, 1), Matrix(c.data(), p, 1), Context{});
  return problem.penalty.violation(b, c, point.alpha);
}

}  // namespace

TEST(the_slope_of_a_concave_penalty_is_that_of_its_value) {
  for (const ConcaveNet& net : kNets)
    for (double size = 0.01; size < 3; size *= 1.3) {
      const double h = 1e-6 * size;
      const double rise = (net.value(size + h) - net.value(size - h)) / (2 * h);
      CHECK(check::close(rise, net.slope(size), 1e-6));
      const int piece = net.piece(size);
      CHECK(net.low(piece) <= size && size <= net.high(piece));
      const double bends = (net.slope(size + h) - net.slope(size - h)) / (2 * h);
      const bool inside = net.low(piece) < size - h && size + h < net.high(piece);
      if (inside) CHECK(std::abs(bends - net.bend(piece, size)) <= 1e-5 * (1 + std::abs(bends)));
      CHECK(net.bend(piece, size) <= 0);
    }
}

TEST(the_minimum_of_a_column_is_the_lowest_point) {
  Random random(1);
  for (const ConcaveNet& net : kNets)
    for (int k = 0; k < 200; ++k) {
      const double z = 2 * random.normal(), best = net.minimum(z), low = objective(net, best, z);
      for (double b = -4; b <= 4; b += 1e-3) CHECK(low <= objective(net, b, z) + 1e-12);
      if (best != 0) CHECK(net.violation(best, z - best) <= 1e-12);
      CHECK((best == 0) == (std::abs(z) <= net.zero_threshold()));
    }
}

TEST(entry_and_threshold_are_inverse) {
  for (const ConcaveNet& net : kNets)
    for (const double size : {1e-3, 0.1, 0.7, 5.0}) {
      ConcaveNet there = net;
      there.tax = net.entry(size);
      CHECK(check::close(there.zero_threshold() / size, 1.0, 1e-10));
      CHECK(!net.surely_zero(size) || size <= net.zero_threshold());
    }
}

TEST(a_factor_follows_its_diagonal) {
  const Index n = 30, p = 12;
  const Vec x = Random(3).normals(n * p);
  Vec g(sz(p * p));
  for (Index j = 0; j < p; ++j)
    for (Index k = 0; k < p; ++k) g[sz(j + k * p)] = kernels().dot(&x[sz(j * n)], &x[sz(k * n)], n);
  Cholesky factor;
  Vec solved;
  for (Index j = 0; j < p; ++j)
    factor.append(solved, factor.project(&g[sz(j * p)], g[sz(j + j * p)], solved));
  Random random(4);
  for (int step = 0; step < 40; ++step) {
    const Index k = static_cast<Index>(random.uniform() * static_cast<double>(p));
    const double change = step % 2 ? -0.5 : 0.5;
    CHECK(factor.shift(k, change));
    g[sz(k + k * p)] += change;
    Vec solution = Random(5).normals(p);
    const Vec right = solution;
    factor.solve(solution.data());
    for (Index i = 0; i < p; ++i)
      CHECK(check::close(kernels().dot(&g[sz(i * p)], solution.data(), p), right[sz(i)], 1e-9));
  }
  CHECK(!factor.shift(5, -1000.0));
  CHECK(factor.size() == 5);
}

TEST(every_point_of_a_concave_path_is_stationary) {
  for (const ConcaveShape& shape : kShapes)
    for (const auto& [n, p] : {std::pair<Index, Index>{60, 12}, {40, 120}}) {
      const data::Table t = data::table(n, p, 11, 0.5);
      Statement s = data::statement(t);
      s.concave = shape;
      const auto engine = data::engine(t, s);
      const double top = engine->alpha_max();
      const PathResult path = engine->path(data::grid(top, 1e-2, 40));
      CHECK(path.points.size() == 40);
      for (const PathPoint& point : path.points) {
        CHECK(point.converged);
        CHECK(violation(*engine, point) <= 1e-12);
        CHECK(point.optimality.violation <= 1e-12);
      }
      CHECK(path.points.front().support.empty());
    }
}

TEST(nearly_dependent_columns_end_at_a_stationary_point) {
  for (const ConcaveShape& shape : kShapes) {
    data::Table t = data::table(30, 24, 7, 0.3);
    for (Index j = 12; j < 24; ++j)  // twins, exact or nearly so
      for (Index i = 0; i < t.n; ++i)
        t.at(i, j) = t.at(i, j - 12) * (1 + (j % 2 ? 1e-9 * static_cast<double>(i) : 0.0));
    Statement s = data::statement(t);
    s.concave = shape;
    s.penalty_weight[2] = 0.0;
    s.penalty_weight[14] = 0.0;
    const auto engine = data::engine(t, s);
    for (const PathPoint& point : engine->path(data::grid(engine->alpha_max(), 1e-3, 30)).points)
      CHECK(violation(*engine, point) <= 1e-11);
  }
}

TEST(a_concave_path_may_start_at_a_point) {
  const data::Table t = data::table(40, 90, 5, 0.5);
  Statement s = data::statement(t);
  s.concave = {Curve::Mcp, 3.0};
  const auto engine = data::engine(t, s);
  const Vec alphas = data::grid(engine->alpha_max(), 0.05, 20);
  const PathPoint last = engine->path(alphas).points.back();
  const Start begin{last.alpha, last.support, last.values};
  const PathPoint again = engine->path(Vec{alphas.back()}, &begin).points.front();
  CHECK(again.support == last.support);
  for (std::size_t k = 0; k < last.values.size(); ++k)
    CHECK(check::close(again.values[k], last.values[k], 1e-12));
}
