// Several outputs: their design is what it stands for, and their loss obeys the laws of losses.
#include <algorithm>
#include <stdexcept>

#include "check.hpp"
#include "data.hpp"
#include "excise/design/outputs.hpp"
#include "excise/loss/loss.hpp"
#include "excise/path/cross_validation.hpp"

using namespace excise;
using data::Table;

namespace {

constexpr Index kRows = 600, kFeatures = 5, kOutputs = 3;

struct Small {
  Table t = data::table(kRows, kFeatures, 41);
  Vec root = Vec(sz(kRows), 1 / std::sqrt(static_cast<double>(kRows)));
  std::shared_ptr<const Design> inner = std::make_shared<Standardized>(
      std::make_shared<Dense<double>>(t.x.data(), kRows, kFeatures, 1, kRows),
      Vec(sz(kFeatures), 0.1), Vec(sz(kFeatures), 1.5), root);
  Indices intercepts{0, 2};
  Outputs outputs{inner, root, kOutputs, intercepts};

  // I (x) Z with the intercepts, made
  Vec made() const {
    const Index n = outputs.rows();
    Vec all(sz(n * outputs.cols())), z(sz(kRows * kFeatures));
    inner->tile(0, kRows, Matrix(z.data(), kRows, kFeatures));
    for (Index j = 0; j < outputs.cols(); ++j) {
      const bool feature = j < kFeatures * kOutputs;
      const Index k = feature ? j % kOutputs : intercepts[sz(j - kFeatures * kOutputs)];
      for (Index i = 0; i < kRows; ++i)
        all[sz(j * n + k * kRows + i)] = feature ? z[sz(i + j / kOutputs * kRows)] : root[sz(i)];
    }
    return all;
  }
};

double distance(const Vec& a, const Vec& b) {
  double most = a.size() == b.size() ? 0.0 : 1.0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    most = std::max(most, std::abs(a[i] - b[i]));
  return most;
}

Vec softmax_targets(Index n, Index classes, std::uint64_t seed) {
  data::Random random(seed);
  Vec y(sz(n * classes));
  for (Index i = 0; i < n; ++i)
    y[sz(i + static_cast<Index>(random.uniform() * static_cast<double>(classes)) * n)] = 1.0;
  return y;
}

}  // namespace

TEST(outputs_are_the_product_they_stand_for) {
  const Small s;
  const Vec all = s.made();
  const Index n = s.outputs.rows(), p = s.outputs.cols();
  const Vec r = data::Random(1).normals(2 * n);
  Vec seen(sz(2 * p)), wanted(seen), gathered(all.size()), tile(sz(10 * p));
  s.outputs.correlate(ConstMatrix(r.data(), n, 2), Matrix(seen.data(), p, 2), kAlone);
  Indices columns(sz(p));
  Vec fitted(sz(n)), sum(sz(n));
  for (Index j = 0; j < p; ++j) {
    columns[sz(j)] = j;
    for (Index l = 0; l < 2; ++l)
      wanted[sz(j + l * p)] = kernels().dot(all.data() + j * n, r.data() + l * n, n);
    kernels().axpy(r[sz(j)], all.data() + j * n, sum.data(), n);
  }
  CHECK(distance(seen, wanted) < 1e-12);
  s.outputs.gather(columns, Matrix(gathered.data(), n, p));
  CHECK(distance(gathered, all) < 1e-15);
  s.outputs.predict(columns, r.data(), fitted.data());
  CHECK(distance(fitted, sum) < 1e-13);
  s.outputs.tile(kRows - 5, kRows + 5, Matrix(tile.data(), 10, p));
  for (Index j = 0; j < p; ++j)
    for (Index i = 0; i < 10; ++i)
      CHECK(std::abs(tile[sz(i + j * 10)] - all[sz(j * n + kRows - 5 + i)]) < 1e-15);
}

TEST(a_pack_of_outputs_is_its_columns_whatever_was_kept) {
  const Small s;
  const Vec all = s.made();
  const Index n = s.outputs.rows();
  const auto pack = s.outputs.pack();
  pack->add(Indices{4, 0, 1, 16, 9, 7});
  pack->keep(Indices{0, 2, 3, 5});
  pack->add(Indices{15, 2, 0, 13});
  const Indices held{4, 1, 16, 7, 15, 2, 0, 13};
  const Index m = ix(held.size());
  CHECK(pack->size() == m);
  const auto column = [&](Index k) { return all.data() + held[sz(k)] * n; };
  Indices places(sz(m));
  for (Index k = 0; k < m; ++k) places[sz(k)] = k;

  const Vec v = data::Random(2).normals(3 * n);
  Vec seen(sz(3 * (m - 2))), rest(v.begin(), v.begin() + n), expected(rest), g(sz(m * m));
  pack->correlate(2, ConstMatrix(v.data(), n, 3), Matrix(seen.data(), m - 2, 3), kAlone);
  pack->subtract(places, v.data(), rest.data(), kAlone);
  pack->crosses(places, places, Matrix(g.data(), m, m));
  for (Index k = 0; k < m; ++k) {
    for (Index l = 0; k >= 2 && l < 3; ++l)
      CHECK(check::close(seen[sz(k - 2 + l * (m - 2))],
                         kernels().dot(column(k), v.data() + l * n, n), 1e-12));
    kernels().axpy(-v[sz(k)], column(k), expected.data(), n);
    for (Index l = 0; l < m; ++l)
      CHECK(check::close(g[sz(l + k * m)], kernels().dot(column(l), column(k), n), 1e-13));
  }
  CHECK(distance(rest, expected) < 1e-13);
}

TEST(the_bent_gram_of_outputs_is_that_of_their_columns) {
  const Small s;
  const Vec all = s.made();
  const Index n = s.outputs.rows();
  const auto loss = make_loss("multinomial", 0.0, kOutputs);
  const Vec y = softmax_targets(kRows, kOutputs, 3), eta = data::Random(4).normals(n);
  Vec slope(sz(n)), bend(slope), cap(slope);
  const auto coupling = loss->expand(y, eta, slope.data(), bend.data(), cap.data());
  const auto multiply = [&](double* v) {
    const Vec before(v, v + n);
    for (Index i = 0; i < n; ++i) v[i] *= bend[sz(i)];
    coupling->subtract(before.data(), v);
  };
  const auto pack = s.outputs.pack();
  const Indices held{4, 16, 1, 7, 15, 2, 0, 13, 8};
  pack->add(held);
  const Index m = pack->size();
  for (const Index first : {Index{0}, Index{4}}) {
    Vec by_blocks(sz(m * (m - first))), by_columns(by_blocks);
    pack->bent_gram({multiply, bend, coupling->products()}, first,
                    Matrix(by_blocks.data(), m, m - first), kAlone);
    pack->bent_gram({multiply}, first, Matrix(by_columns.data(), m, m - first), kAlone);
    CHECK(distance(by_blocks, by_columns) < 1e-14);
    for (Index k = first; k < m; ++k) {
      Vec column(all.begin() + held[sz(k)] * n, all.begin() + (held[sz(k)] + 1) * n);
      multiply(column.data());
      for (Index l = 0; l < m; ++l)
        CHECK(std::abs(kernels().dot(all.data() + held[sz(l)] * n, column.data(), n) -
                       by_blocks[sz(l + (k - first) * m)]) < 1e-14);
    }
  }
}

TEST(the_multinomial_loss_has_its_derivatives) {
  constexpr double kStep = 1e-5;
  constexpr Index n = 4, classes = 3;
  const auto loss = make_loss("multinomial", 0.0, classes);
  const Vec y{1, 0, 0, 0.2, 0, 1, 0, 0.3, 0, 0, 1, 0.5}, w(12, 0.25);
  const Vec eta = data::Random(5).normals(n * classes);
  Vec slope(12), bend(12), cap(12), up(12), down(12), unused(12);
  const auto coupling = loss->expand(y, eta, slope.data(), bend.data(), cap.data());
  for (std::size_t j = 0; j < eta.size(); ++j) {
    Vec above = eta, below = eta, direction(12), bent(12);
    above[j] += kStep;
    below[j] -= kStep;
    const double rise = loss->value(y, above, w) - loss->value(y, below, w);
    CHECK(std::abs(rise / (2 * kStep) - 0.25 * slope[j]) < 1e-9);
    loss->expand(y, above, up.data(), unused.data(), cap.data());
    loss->expand(y, below, down.data(), unused.data(), cap.data());
    direction[j] = 1.0;
    bent[j] = bend[j];
    coupling->subtract(direction.data(), bent.data());
    for (std::size_t i = 0; i < eta.size(); ++i)
      CHECK(std::abs((up[i] - down[i]) / (2 * kStep) - bent[i]) < 1e-9);
  }
}

TEST(a_multinomial_dual_point_costs_nothing_at_one_and_the_loss_at_zero) {
  constexpr Index n = 50, classes = 4;
  const auto loss = make_loss("multinomial", 0.0, classes);
  const Vec y = softmax_targets(n, classes, 6), w(sz(n * classes), 1.0 / static_cast<double>(n));
  for (const double size : {0.1, 3.0, 1e3, 1e6}) {
    Vec eta = data::Random(7).normals(n * classes), slope(eta), bend(eta), cap(eta);
    for (double& e : eta) e *= size;
    loss->expand(y, eta, slope.data(), bend.data(), cap.data());
    const double value = loss->value(y, eta, w);
    CHECK(std::isfinite(value) && value >= 0);
    CHECK(loss->shrunk_gap(y, eta, slope, w, 1.0) == 0.0);
    CHECK(check::close(loss->shrunk_gap(y, eta, slope, w, 0.0), value, 1e-12 * (1 + value)));
    double last = value;
    for (const double s : {0.2, 0.5, 0.8, 0.99}) {
      const double cost = loss->shrunk_gap(y, eta, slope, w, s);
      CHECK(cost >= 0 && cost <= last * (1 + 1e-12));
      CHECK(cost <= (1 - s) * value * (1 + 1e-12));
      last = cost;
    }
    for (std::size_t i = 0; i < eta.size(); ++i)
      CHECK(std::isfinite(slope[i]) && bend[i] >= 0 && cap[i] >= bend[i]);
  }
}

TEST(a_rare_class_keeps_its_digits) {
  const auto loss = make_loss("multinomial", 0.0, 2);
  const Vec y{1, 0}, eta{40, 0}, w(2, 1.0);
  Vec slope(2), bend(2), cap(2);
  loss->expand(y, eta, slope.data(), bend.data(), cap.data());
  CHECK(std::abs(loss->value(y, eta, w) / std::exp(-40.0) - 1) < 1e-12);
  CHECK(std::abs(slope[0] / -std::exp(-40.0) - 1) < 1e-12);
  CHECK(slope[0] == -slope[1]);
}

TEST(a_loss_is_refused_outputs_that_it_has_not) {
  for (const auto& [name, outputs] : {std::pair{"multinomial", 1}, {"poisson", 2}}) {
    bool refused = false;
    try {
      make_loss(name, 0.0, outputs);
    } catch (const std::invalid_argument&) {
      refused = true;
    }
    CHECK(refused);
  }
  CHECK(make_loss("squared", 0.0, 3) == nullptr);
}

TEST(paths_of_several_outputs_are_optimal_and_their_folds_too) {
  for (const bool classes : {false, true})
    for (const auto& [n, p] : {std::pair{90, 12}, std::pair{40, 300}}) {
      const Table t = data::table(n, p, 42, 0.3);
      Statement s = data::statement(t);
      s.outputs = 3;
      s.y = classes ? softmax_targets(n, 3, 8) : data::Random(8).normals(3 * n);
      if (classes) s.loss = make_loss("multinomial", 0.0, 3);
      s.penalty_weight[1] = 0.0;
      s.penalty_weight[2] = kInfinity;
      auto engine = data::engine(t, std::move(s));
      const Vec alphas = data::grid(engine->grid_top(), 5e-2, 12);
      const PathResult path = engine->path(alphas);
      for (const PathPoint& point : path.points) {
        CHECK(point.optimality.gap < 1e-10 * engine->problem().null_loss);
        CHECK(std::is_sorted(point.support.begin(), point.support.end()));
      }
      Folds folds;
      for (Index f = 0; f < 3; ++f) {
        folds.role.emplace_back(sz(n), Role::Train);
        for (Index i = f; i < n; i += 3) folds.role.back()[sz(i)] = Role::Test;
      }
      Vec errors;
      for (const int threads : {1, 2}) {
        const Context context{threads, [] {}};
        const HeldOut held = CrossValidator(*engine, folds, context).run(alphas, true, context);
        CHECK(held.worst_gap < 1e-10);
        CHECK(ix(held.eta[0].size()) == (1 + ix(alphas.size())) * (n / 3 + (n % 3 > 0)) * 3);
        CHECK(threads == 1 || held.errors == errors);
        errors = held.errors;
      }
    }
}
