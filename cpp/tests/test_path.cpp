// Whole paths: certified at every alpha, the same by every route, and safe on hard tables.
#include <atomic>
#include <stdexcept>
#include <string>

#include "check.hpp"
#include "data.hpp"
#include "excise/path/cross_validation.hpp"

using namespace excise;
using data::Table;

namespace {

Vec dense(const PathPoint& point, Index p) {
  Vec b(sz(p), 0.0);
  for (std::size_t k = 0; k < point.support.size(); ++k) b[sz(point.support[k])] = point.values[k];
  return b;
}

double solved(const Table& t, Statement s, double ratio = 1e-2, Index count = 30) {
  auto engine = data::engine(t, std::move(s));
  const double top = engine->grid_top();
  const PathResult path = engine->path(data::grid(top > 0 ? top : 1.0, ratio, count));
  for (const PathPoint& point : path.points)
    for (const double value : point.values) CHECK(std::isfinite(value));
  return data::worst_gap(*engine, path);
}

}  // namespace

TEST(paths_are_optimal_at_every_alpha) {
  for (const double rho : {0.0, 0.5, 0.99})
    for (const auto& [n, p] : {std::pair{80, 12}, std::pair{30, 200}, std::pair{20, 20}}) {
      const Table t = data::table(n, p, 11, rho);
      CHECK(solved(t, data::statement(t)) < 1e-12);
      Statement mixed = data::statement(t);
      mixed.l1_ratio = 0.5;
      mixed.standardize = true;
      mixed.penalty_weight[0] = 0.0;
      mixed.penalty_weight[1] = kInfinity;
      mixed.lower[2] = 0.0;
      mixed.upper[0] = 0.5;
      CHECK(solved(t, mixed) < 1e-11);
      Statement ridge = data::statement(t);
      ridge.l1_ratio = 0.0;
      CHECK(solved(t, ridge) < 1e-10);
    }
}

TEST(hard_tables_end_well) {
  Table twins = data::table(40, 10, 12);
  for (Index i = 0; i < 40; ++i) twins.at(i, 5) = twins.at(i, 0);
  CHECK(solved(twins, data::statement(twins), 1e-4) < 1e-10);

  Table powers = data::table(50, 30, 13);
  for (Index i = 0; i < 50; ++i)
    for (Index j = 0; j < 30; ++j)
      powers.at(i, j) = std::pow(static_cast<double>(i + 1) / 50, static_cast<double>(j));
  CHECK(solved(powers, data::statement(powers), 1e-4) < 1e-10);

  Table ties = data::table(60, 15, 14);
  for (double& x : ties.x) x = x > 0;
  for (double& y : ties.y) y = std::round(y);
  CHECK(solved(ties, data::statement(ties), 1e-4) < 1e-10);

  Table scaled = data::table(40, 8, 15);
  for (Index i = 0; i < 40; ++i)
    for (Index j = 0; j < 8; ++j) scaled.at(i, j) *= std::pow(10.0, static_cast<double>(j - 4));
  CHECK(solved(scaled, data::statement(scaled), 1e-4) < 1e-10);

  Table far = data::table(40, 8, 16);
  for (Index i = 0; i < 40; ++i)
    for (Index j = 0; j < 8; ++j) far.at(i, j) += 1e6;
  CHECK(solved(far, data::statement(far), 1e-4) < 1e-10);

  for (const auto& [n, p] : {std::pair{1, 3}, std::pair{5, 1}, std::pair{2, 2}}) {
    const Table tiny = data::table(n, p, 17);
    CHECK(solved(tiny, data::statement(tiny)) < 1e-10);
  }

  Table flat = data::table(20, 4, 18);
  flat.y.assign(20, 3.25);
  CHECK(solved(flat, data::statement(flat)) == 0.0);
}

TEST(scale_of_y_changes_nothing) {
  for (const double factor : {1e-100, 1e100}) {
    Table t = data::table(40, 60, 19);
    for (double& y : t.y) y *= factor;
    CHECK(solved(t, data::statement(t)) < 1e-12);
  }
}

TEST(a_weight_of_two_is_a_row_twice) {
  const Index n = 20, p = 30;
  Table once = data::table(n, p, 20), twice = data::table(2 * n, p, 20);
  for (Index i = 0; i < 2 * n; ++i) {
    for (Index j = 0; j < p; ++j) twice.at(i, j) = once.at(i % n, j);
    twice.y[sz(i)] = once.y[sz(i % n)];
  }
  for (Index j = 0; j < p; ++j) twice.at(2 * n - 1, j) = 1e3;  // weightless
  Statement a = data::statement(once), b = data::statement(twice);
  a.weights.assign(sz(n), 2.0 / static_cast<double>(2 * n - 1));
  a.weights[sz(n - 1)] /= 2;
  b.weights.assign(sz(2 * n), 1.0 / static_cast<double>(2 * n - 1));
  b.weights[sz(2 * n - 1)] = 0.0;
  auto first = data::engine(once, a), second = data::engine(twice, b);
  CHECK(check::close(first->alpha_max(), second->alpha_max(), 1e-13));
  const Vec alphas = data::grid(first->alpha_max(), 0.05, 10);
  const PathResult left = first->path(alphas), right = second->path(alphas);
  for (std::size_t k = 0; k < alphas.size(); ++k) {
    const Vec u = dense(left.points[k], p), v = dense(right.points[k], p);
    for (std::size_t j = 0; j < u.size(); ++j)
      CHECK(check::close(u[j] * first->unit(), v[j] * second->unit(), 1e-10));
  }
}

TEST(threads_do_not_change_a_bit) {
  const Table t = data::table(300, 2000, 21, 0.5);
  auto one = data::engine(t, data::statement(t), Context{1, [] {}});
  auto two = data::engine(t, data::statement(t), Context{2, [] {}});
  const Vec alphas = data::grid(one->alpha_max(), 0.1, 20);
  const PathResult left = one->path(alphas), right = two->path(alphas);
  for (std::size_t k = 0; k < alphas.size(); ++k) {
    CHECK(left.points[k].support == right.points[k].support);
    CHECK(left.points[k].values == right.points[k].values);
  }
}

TEST(events_are_where_the_support_changes) {
  const Table t = data::table(60, 8, 22, 0.7);
  auto engine = data::engine(t, data::statement(t));
  const double last = 1e-3 * engine->alpha_max();
  Indices all(sz(t.p));
  for (Index j = 0; j < t.p; ++j) all[sz(j)] = j;
  std::vector<char> kept(sz(t.p), 0);
  for (const Event& event : engine->events(last, all)) {
    CHECK(kept[sz(event.feature)] != static_cast<char>(event.enters));
    kept[sz(event.feature)] = event.enters;
    const double below = event.alpha * (1 - 1e-9);
    const Vec b = dense(engine->path(Vec{below}).points[0], t.p);
    CHECK((b[sz(event.feature)] != 0.0) == event.enters);
  }
}

TEST(a_stop_is_heard_and_leaves_the_engine_whole) {
  const Table t = data::table(200, 3000, 23);
  int calls = 0;
  bool stopping = true;
  auto engine = data::engine(t, data::statement(t), Context{1, [&] {
                                                              if (stopping && ++calls > 200)
                                                                throw std::runtime_error("stop");
                                                            }});
  calls = 0;
  const Vec alphas = data::grid(engine->alpha_max(), 0.01, 50);
  bool stopped = false;
  try {
    engine->path(alphas);
  } catch (const std::runtime_error&) {
    stopped = true;
  }
  CHECK(stopped);
  stopping = false;
  auto fresh = data::engine(t, data::statement(t));
  const PathResult left = engine->path(alphas), right = fresh->path(alphas);
  for (std::size_t k = 0; k < alphas.size(); ++k)
    CHECK(left.points[k].values == right.points[k].values);
}

TEST(folds_side_by_side_are_the_same_for_any_number_of_threads) {
  const Table t = data::table(60, 300, 31, 0.5);
  Folds folds;
  for (Index f = 0; f < 7; ++f) {
    folds.role.emplace_back(60, Role::Train);
    for (Index i = f; i < 60; i += 7) folds.role.back()[sz(i)] = Role::Test;
  }
  Vec errors, values;
  for (const int threads : {1, 2, 3}) {
    const Context context{threads, [] {}};
    auto engine = data::engine(t, data::statement(t), context);
    const Vec alphas = data::grid(engine->grid_top(), 5e-3, 40);
    const HeldOut held = CrossValidator(*engine, folds, context).run(alphas, false, context);
    CHECK(held.worst_gap <= 1e-10);
    const PathResult path = engine->path(alphas);
    CHECK(data::worst_gap(*engine, path) <= 1e-10);
    if (threads > 1) {
      CHECK(held.errors == errors);
      CHECK(path.points.back().values == values);
      continue;
    }
    errors = held.errors;
    values = path.points.back().values;
    CHECK(engine->path(alphas).points.back().values == values);  // made anew
  }
}

TEST(a_fold_that_is_stopped_stops_all) {
  const Table t = data::table(60, 300, 32, 0.5);
  Folds folds;
  for (Index f = 0; f < 4; ++f) {
    folds.role.emplace_back(60, Role::Train);
    for (Index i = f; i < 60; i += 4) folds.role.back()[sz(i)] = Role::Test;
  }
  for (const int threads : {1, 2}) {
    auto engine = data::engine(t, data::statement(t));
    const Vec alphas = data::grid(engine->grid_top(), 1e-2, 30);
    std::atomic<int> calls{0};
    const Context stops{threads, [&] {
                          if (++calls > 20) throw std::runtime_error("stopped");
                        }};
    bool stopped = false;
    try {
      CrossValidator(*engine, folds, stops).run(alphas, false, stops);
    } catch (const std::runtime_error& e) {
      stopped = std::string(e.what()) == "stopped";
    }
    CHECK(stopped);
    CHECK(data::worst_gap(*engine, engine->path(alphas)) <= 1e-10);
  }
}
