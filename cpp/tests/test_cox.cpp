// Cox's partial likelihood against one that is written out, pair of rows by pair of rows.
#include <algorithm>

#include "check.hpp"
#include "data.hpp"
#include "excise/loss/cox.hpp"

using namespace excise;
using data::Random;

namespace {

struct Example {
  Survival survival;
  Vec eta, w;
};

Example example(std::uint64_t seed, bool entries, bool strata, double spread, Index n = 40) {
  Random random(seed);
  Example e;
  for (Index i = 0; i < n; ++i) {
    const double entry = std::floor(4 * random.uniform()),
                 stay = 1 + std::floor(7 * random.uniform());
    e.survival.time.push_back(entries ? entry + stay : stay);
    if (entries) e.survival.entry.push_back(entry);
    e.survival.event.push_back(random.uniform() < 0.7);
    if (strata) e.survival.stratum.push_back(static_cast<Index>(3 * random.uniform()));
    e.eta.push_back(spread * random.normal());
    e.w.push_back(std::floor(3 * random.uniform()) / 40);
  }
  return e;
}

bool at_risk(const Survival& s, std::size_t i, std::size_t event) {
  return s.time[i] >= s.time[event] && (s.entry.empty() || s.entry[i] < s.time[event]) &&
         (s.stratum.empty() || s.stratum[i] == s.stratum[event]);
}
bool tied(const Survival& s, std::size_t i, std::size_t event) {
  return at_risk(s, i, event) && s.event[i] > 0 && s.time[i] == s.time[event];
}

// minus the log partial likelihood, less that of a model that is certain
double written_out(const Example& e, Ties ties) {
  const Survival& s = e.survival;
  double total = 0.0;
  for (std::size_t event = 0; event < e.eta.size(); ++event) {
    if (!(s.event[event] > 0 && e.w[event] > 0)) continue;
    double risk = 0.0, deaths = 0.0, weight = 0.0, count = 0.0, before = 0.0;
    for (std::size_t i = 0; i < e.eta.size(); ++i) {
      if (!(e.w[i] > 0)) continue;
      const double mass = e.w[i] * std::exp(e.eta[i] - e.eta[event]);
      if (at_risk(s, i, event)) risk += mass;
      if (tied(s, i, event)) {
        deaths += mass;
        weight += e.w[i];
        count += 1;
        before += i < event;
      }
    }
    // Each event of a time takes one of Efron's terms
    const double off = ties == Ties::Efron ? before / count : 0.0;
    const double share = ties == Ties::Efron ? weight / count : e.w[event];
    double centre = 0.0;
    for (std::size_t i = 0; i < e.eta.size(); ++i)
      if (tied(s, i, event) && e.w[i] > 0) centre += e.w[i] * (e.eta[i] - e.eta[event]);
    total += share * (std::log((risk - off * deaths) / (weight * (1 - off))) - centre / weight);
  }
  return total;
}

template <class Body>
void each_example(Body&& body) {
  std::uint64_t seed = 0;
  for (const bool entries : {false, true})
    for (const bool strata : {false, true})
      for (const double spread : {0.0, 1.0, 10.0})
        for (const Ties ties : {Ties::Breslow, Ties::Efron})
          body(example(++seed, entries, strata, spread), ties);
}

}  // namespace

TEST(cox_is_the_partial_likelihood_written_out) {
  each_example([](const Example& e, Ties ties) {
    const auto loss = make_cox(e.survival, ties);
    const double value = loss->value({}, e.eta, e.w);
    CHECK(value >= 0.0);
    CHECK(check::close(value, written_out(e, ties), 1e-12));
  });
}

TEST(cox_slopes_and_bends_are_finite_differences) {
  each_example([](Example e, Ties ties) {
    const std::size_t n = e.eta.size();
    for (double& eta : e.eta) eta = std::clamp(eta, -3.0, 3.0);
    const auto loss = make_cox(e.survival, ties)->begin(e.survival.event, e.w);
    const auto expand = [&](const Vec& eta, Vec& slope, Vec& bend) {
      Vec cap(n);
      return loss->expand(e.survival.event, eta, slope.data(), bend.data(), cap.data());
    };
    Vec slope(n), bend(n), up(n), down(n), unused(n), v = Random(7).normals(ix(n)), root(n);
    const auto coupling = expand(e.eta, slope, bend);
    constexpr double kStep = 1e-6;
    for (std::size_t i = 0; i < n; ++i) {
      root[i] = std::sqrt(e.w[i]);
      Example plus = e, minus = e;
      plus.eta[i] += kStep;
      minus.eta[i] -= kStep;
      const double rise = (written_out(plus, ties) - written_out(minus, ties)) / (2 * kStep);
      CHECK(std::abs(rise - e.w[i] * slope[i]) < 1e-8);
    }
    Vec plus = e.eta, minus = e.eta, bent(n), scaled(n);
    for (std::size_t i = 0; i < n; ++i) {
      plus[i] += kStep * v[i];
      minus[i] -= kStep * v[i];
      scaled[i] = root[i] * v[i];
      bent[i] = bend[i] * scaled[i];
    }
    coupling->subtract(scaled.data(), bent.data());
    expand(plus, up, unused);
    expand(minus, down, unused);
    for (std::size_t i = 0; i < n; ++i)
      CHECK(std::abs(root[i] * (up[i] - down[i]) / (2 * kStep) - bent[i]) < 1e-7);
  });
}

TEST(cox_shrunk_dual_points_cost_what_they_are_worth) {
  each_example([](const Example& e, Ties ties) {
    const auto loss = make_cox(e.survival, ties);
    const double value = loss->value({}, e.eta, e.w);
    CHECK(loss->shrunk_gap({}, e.eta, {}, e.w, 1.0) <= 1e-14 * (1 + value));
    CHECK(check::close(loss->shrunk_gap({}, e.eta, {}, e.w, 0.0), value, 1e-12));
    double last = value;
    for (const double s : {0.1, 0.5, 0.9, 0.999}) {
      const double cost = loss->shrunk_gap({}, e.eta, {}, e.w, s);
      CHECK(cost <= (1 - s) * value * (1 + 1e-12) + 1e-15 && cost <= last);
      last = cost;
    }
  });
}

TEST(cox_with_a_crowd_of_ties_bounds_its_cost) {
  Example e = example(3, false, false, 1.0, 300);
  for (double& t : e.survival.time) t = std::min(t, 2.0);
  const auto loss = make_cox(e.survival, Ties::Efron);
  const double value = loss->value({}, e.eta, e.w);
  CHECK(check::close(value, written_out(e, Ties::Efron), 1e-12));
  double last = value * (1 + 1e-12);
  for (const double s : {0.0, 0.5, 0.99, 0.9999, 1.0}) {
    const double cost = loss->shrunk_gap({}, e.eta, {}, e.w, s);
    CHECK(cost <= (1 - s) * value * (1 + 1e-12) + 1e-14 && cost <= last);
    last = cost;
  }
}

TEST(cox_survives_any_eta) {
  for (const bool entries : {false, true})
    for (const Ties ties : {Ties::Breslow, Ties::Efron}) {
      const Example e = example(5, entries, true, 1e4);
      const auto loss = make_cox(e.survival, ties)->begin(e.survival.event, e.w);
      Vec slope(e.eta.size()), bend(slope), cap(slope);
      const auto coupling =
          loss->expand(e.survival.event, e.eta, slope.data(), bend.data(), cap.data());
      Vec out(slope.size());
      coupling->subtract(slope.data(), out.data());
      const double value = loss->value({}, e.eta, e.w);
      CHECK(std::isfinite(value) && value > 1.0);
      for (std::size_t i = 0; i < slope.size(); ++i)
        CHECK(std::isfinite(slope[i]) && std::isfinite(out[i]) && bend[i] >= 0.0);
      CHECK(std::isfinite(loss->shrunk_gap({}, e.eta, slope, e.w, 0.5)));
    }
}
