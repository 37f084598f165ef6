// The inverse by way of the rows against H written out, as groups come, bend and go.
#include "check.hpp"
#include "data.hpp"
#include "excise/solve/row_factor.hpp"

using namespace excise;
using data::Random;

namespace {

struct Group {
  Vec numbers, u;
  std::vector<const double*> columns;
  double stiff, l2;

  Group(Random& random, Index n, Index size, double bent, double ridge)
      : numbers(random.normals(n * size)), u(random.normals(size)), stiff(bent), l2(ridge) {
    double square = 0.0;
    for (const double v : u) square += v * v;
    for (double& v : u) v = bent == 0 ? 0.0 : v / std::sqrt(square);
    for (Index k = 0; k < size; ++k) columns.push_back(numbers.data() + k * n);
  }
  RowFactor::Part part() const { return {stiff, l2, u, columns}; }
};

// H^{-1} v by the factor, then H times it
Vec there_and_back(const RowFactor& factor, const std::vector<const Group*>& groups, const Vec& v) {
  const Index n = factor.rows();
  Vec x = v, inner(sz(n), 0.0), out;
  const auto each = [&](const auto& work) {
    std::size_t from = 0;
    for (const Group* g : groups) {
      work(*g, std::span(x).subspan(from, g->u.size()), from);
      from += g->u.size();
    }
  };
  each([&](const Group& g, std::span<double> b, std::size_t) {
    RowFactor::unbend(g.part(), RowFactor::kSlack, b);
    kernels().combine(g.columns.data(), b.data(), ix(b.size()), n, inner.data());
  });
  factor.solve(inner.data());
  each([&](const Group& g, std::span<double> b, std::size_t) {
    Vec seen(b.size());
    for (std::size_t k = 0; k < b.size(); ++k)
      seen[k] = kernels().dot(g.columns[k], inner.data(), n);
    RowFactor::unbend(g.part(), RowFactor::kSlack, seen);
    for (std::size_t k = 0; k < b.size(); ++k) b[k] -= seen[k];
  });
  inner.assign(sz(n), 0.0);
  out.resize(x.size());
  each([&](const Group& g, std::span<double> b, std::size_t) {
    kernels().combine(g.columns.data(), b.data(), ix(b.size()), n, inner.data());
  });
  each([&](const Group& g, std::span<double> b, std::size_t from) {
    double along = 0.0;
    for (std::size_t k = 0; k < b.size(); ++k) along += g.u[k] * b[k];
    for (std::size_t k = 0; k < b.size(); ++k)
      out[from + k] = kernels().dot(g.columns[k], inner.data(), n) +
                      (g.l2 + RowFactor::kSlack + g.stiff) * b[k] - g.stiff * along * g.u[k];
  });
  return out;
}

}  // namespace

TEST(a_factor_by_rows_inverts_what_has_come_bent_and_gone) {
  Random random(1);
  const Index n = 70;
  std::vector<Group> all;
  for (Index g = 0; g < 40; ++g)
    all.emplace_back(random, n, 1 + g % 5, g % 7 ? std::pow(10.0, 2 - 4 * random.uniform()) : 0.0,
                     g % 3 ? 0.0 : 0.5);
  RowFactor factor;
  factor.clear(n);
  CHECK(!factor.ready());
  std::vector<const Group*> in;
  for (int round = 0; round < 4; ++round) {
    for (int g = 10 * round; g < 10 * round + 10; ++g) {
      factor.change(all[sz(g)].part(), 1.0);
      in.push_back(&all[sz(g)]);
    }
    if (round > 0) {  // one that bends otherwise, and one that goes
      Group& bent = all[sz(10 * round - 8)];
      factor.change(bent.part(), -1.0);
      bent.stiff *= 3.0;
      factor.change(bent.part(), 1.0);
      factor.change(in.front()->part(), -1.0);
      in.erase(in.begin());
    }
    CHECK(factor.changes() > 0);
    factor.factor();
    CHECK(factor.ready() && factor.changes() == 0);
    Index size = 0;
    for (const Group* g : in) size += ix(g->u.size());
    const Vec v = random.normals(size), out = there_and_back(factor, in, v);
    for (std::size_t k = 0; k < v.size(); ++k) CHECK(check::close(out[k], v[k], 1e-8));
  }
}

TEST(paths_with_many_more_columns_than_rows_are_solved_to_rounding) {
  for (const double l1_ratio : {1.0, 0.9}) {
    for (const double share : {0.0, 0.2}) {
      const data::Table t = data::table(25, 300, 4, 0.5);
      Statement s = data::statement(t);
      s.l1_ratio = l1_ratio;
      s.l1_share = share;
      for (Index j = 0; j < t.p; ++j) {
        if (j % 10 == 0) s.group_start.push_back(j);
        s.group_members.push_back(j);
      }
      s.group_start.push_back(t.p);
      auto engine = data::engine(t, s);
      const PathResult path = engine->path(data::grid(engine->alpha_max(), 1e-3, 40));
      CHECK(data::worst_gap(*engine, path) <= 1e-11);
      CHECK(share > 0 || ix(path.points.back().support.size()) > 2 * t.n);
    }
  }
}
