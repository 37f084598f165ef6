// Laws of groups: the penalty, the minimum over one, the solver of many, the certificate.
#include "check.hpp"
#include "data.hpp"
#include "excise/certificate/duality.hpp"
#include "excise/solve/active_set.hpp"
#include "excise/solve/group_descent.hpp"

using namespace excise;
using data::Random;

namespace {

Penalty penalty(Index p, Index size, double l2) {
  Penalty out{Vec(sz(p), 1.0),       Vec(sz(p), l2),  Vec(sz(p), -kInfinity),
              Vec(sz(p), kInfinity), Vec(sz(p), 1.0), {}};
  out.groups.of.resize(sz(p));
  for (Index j = 0; j < p; ++j) {
    out.groups.members.push_back(j);
    if ((j + 1) % size == 0 || j + 1 == p) out.groups.close(std::sqrt(static_cast<double>(size)));
  }
  return out;
}

// A Gram matrix of unit-length columns and what they see of a target of length one
struct Products {
  Vec gram, q;
  Index p;
  ConstMatrix view() const { return {gram.data(), p, p}; }

  Products(Index n, Index columns, std::uint64_t seed)
      : gram(sz(columns * columns)), q(sz(columns)), p(columns) {
    Vec z = Random(seed).normals(n * p), y = Random(seed + 1).normals(n);
    const auto shorten = [&](double* v) {
      const double size = std::sqrt(kernels().dot(v, v, n));
      for (Index i = 0; i < n; ++i) v[i] /= size;
    };
    shorten(y.data());
    for (Index j = 0; j < p; ++j) shorten(&z[sz(j * n)]);
    for (Index j = 0; j < p; ++j) {
      q[sz(j)] = kernels().dot(&z[sz(j * n)], y.data(), n);
      for (Index k = 0; k < p; ++k)
        gram[sz(j + k * p)] = kernels().dot(&z[sz(j * n)], &z[sz(k * n)], n);
    }
  }
};

void grouped_by(const data::Table& t, Statement& s, Index size) {
  for (Index j = 0; j < t.p; ++j) {
    if (j % size == 0) s.group_start.push_back(j);
    s.group_members.push_back(j);
  }
  s.group_start.push_back(t.p);
}

}  // namespace

TEST(fenchel_young_of_groups_is_never_negative_and_zero_at_subgradients) {
  Random random(1);
  for (int k = 0; k < 1000; ++k) {
    const GroupNet net{k % 3 ? 0.7 : 0.0, k % 2 ? 1.5 : 0.4};
    const Vec b = random.normals(4), z = random.normals(4);
    CHECK(net.fenchel_young(b, z) >= 0.0);
    CHECK(net.fenchel_young({}, z) >= 0.0);
    Vec slope(4);
    for (std::size_t i = 0; i < 4; ++i) slope[i] = (net.l1 / length(b) + net.l2) * b[i];
    CHECK(net.fenchel_young(b, slope) <= 1e-14);
    CHECK(net.violation(b, slope) <= 1e-14);
  }
}

TEST(the_minimum_over_one_group_is_stationary) {
  BlockMinimum minimum;
  Random random(2);
  for (int k = 0; k < 400; ++k) {
    const Index size = 1 + k % 6, n = k % 4 == 0 ? 2 : 9;  // some have dependent columns
    const Products m(n, size, 10 + sz(k));
    const GroupNet net{std::pow(10.0, -4 * random.uniform()) * length(m.q), k % 3 ? 0.0 : 0.3};
    Vec b(sz(size)), c = m.q;
    minimum.find(m.view(), net, m.q, b);
    for (Index j = 0; j < size; ++j) kernels().axpy(-b[sz(j)], m.view().column(j), c.data(), size);
    CHECK(net.violation(b, c) <= 1e-12);
  }
}

TEST(a_group_is_zero_up_to_its_threshold_exactly) {
  BlockMinimum minimum;
  const Products m(9, 4, 3);
  Vec b(4);
  minimum.find(m.view(), {length(m.q), 0.0}, m.q, b);
  CHECK(length(b) == 0.0);
  minimum.find(m.view(), {length(m.q) * (1 - 1e-9), 0.0}, m.q, b);
  CHECK(length(b) > 0.0 && length(b) < 1e-8);
}

TEST(groups_of_one_column_are_solved_as_the_active_set_solves_them) {
  for (const double l2 : {0.0, 0.2}) {
    const Products m(20, 30, 4);
    GramQuadratic one(m.view(), m.q, 1.0), other(m.view(), m.q, 1.0);
    const double noise = rounding(1.0);
    ActiveSet columns(one, penalty(30, 1, l2), noise, [] {});
    GroupDescent groups(other, noise, [] {});
    groups.grow(penalty(30, 1, l2));
    for (double alpha = 0.5; alpha > 1e-3; alpha *= 0.8) {
      CHECK(columns.solve(alpha));
      CHECK(groups.solve(alpha));
      for (std::size_t j = 0; j < 30; ++j)
        CHECK(check::close(columns.coefficients()[j], groups.coefficients()[j], 1e-9));
    }
  }
}

TEST(groups_come_go_and_are_forgotten) {
  const Products m(25, 40, 5);
  GramQuadratic quadratic(m.view(), m.q, 1.0);
  const Penalty pays = penalty(40, 4, 0.0);
  const double noise = rounding(1.0);
  GroupDescent groups(quadratic, noise, [] {});
  groups.grow(pays);
  for (const double alpha : {0.3, 0.1, 0.02, 0.2, 0.05, 0.4, 0.01}) {
    CHECK(groups.solve(alpha));
    CHECK(pays.violation(groups.coefficients(), groups.correlations(), alpha) <= 64 * noise);
  }
  CHECK(groups.solve(10.0));
  CHECK(groups.support().empty());
}

TEST(the_gap_of_groups_bounds_the_suboptimality_of_any_point) {
  const data::Table t = data::table(30, 12, 8);
  Statement s = data::statement(t);
  s.l1_ratio = 0.8;
  grouped_by(t, s, 3);
  auto engine = data::engine(t, s);
  const double alpha = 0.2 * engine->alpha_max();
  const PathPoint best = engine->path(Vec{alpha}).points[0];
  const StandardProblem& problem = engine->problem();
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
