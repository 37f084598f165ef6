// Losses by their own laws, and the paths that Newton's method makes of them.
#include "check.hpp"
#include "data.hpp"
#include "excise/loss/loss.hpp"
#include "excise/path/newton_set.hpp"

using namespace excise;
using data::Table;

namespace {

struct Named {
  const char* name;
  double parameter;
};
const Named kLosses[] = {{"logistic", 0},     {"poisson", 0},           {"gamma", 0},
                         {"tweedie", 1.5},    {"negative_binomial", 2}, {"huber", 1.35},
                         {"squared_hinge", 0}};

Vec targets(std::string_view name) {
  if (name == "logistic" || name == "squared_hinge") return {0, 1, 1, 0, 1};
  if (name == "gamma") return {0.5, 1.0, 2.0, 3.0, 0.1};
  if (name == "huber") return {-3.0, 0.2, 1.0, 5.0, 0.0};
  return {0, 1, 2, 0, 7};
}

}  // namespace

TEST(slopes_and_bends_are_derivatives) {
  constexpr double kStep = 1e-5;
  for (const auto& [name, parameter] : kLosses) {
    const auto loss = make_loss(name, parameter);
    const Vec y = targets(name), w(5, 0.2);
    for (const double at : {-1.3, 0.0, 0.9}) {
      Vec eta(5, at), slope(5), bend(5), cap(5), up(5), down(5), unused(5);
      loss->expand(y, eta, slope.data(), bend.data(), cap.data());
      const Vec above(5, at + kStep), below(5, at - kStep);
      loss->expand(y, above, up.data(), unused.data(), cap.data());
      loss->expand(y, below, down.data(), unused.data(), cap.data());
      double total = 0.0;
      for (std::size_t i = 0; i < 5; ++i) {
        total += 0.2 * slope[i];
        CHECK(std::abs((up[i] - down[i]) / (2 * kStep) - bend[i]) < 1e-6 * (1 + bend[i]));
      }
      const double rise = loss->value(y, above, w) - loss->value(y, below, w);
      CHECK(std::abs(rise / (2 * kStep) - total) < 1e-6);
      CHECK(loss->value(y, eta, w) >= 0);
    }
  }
}

TEST(shrinking_a_dual_point_costs_nothing_at_one_and_the_loss_at_zero) {
  for (const auto& [name, parameter] : kLosses) {
    const auto loss = make_loss(name, parameter);
    const Vec y = targets(name), w(5, 0.2), eta{0.3, -0.7, 1.1, 0.2, 2.5};
    Vec slope(5), bend(5), cap(5);
    loss->expand(y, eta, slope.data(), bend.data(), cap.data());
    const double value = loss->value(y, eta, w);
    CHECK(loss->shrunk_gap(y, eta, slope, w, 1.0) < 1e-14);
    CHECK(std::abs(loss->shrunk_gap(y, eta, slope, w, 0.0) - value) < 1e-12 * (1 + value));
    double last = value;
    for (const double s : {0.2, 0.5, 0.8, 0.99}) {
      const double cost = loss->shrunk_gap(y, eta, slope, w, s);
      CHECK(cost <= last && cost <= (1 - s) * value + 1e-15);
      last = cost;
    }
  }
}

TEST(an_unknown_loss_is_refused) {
  bool refused = false;
  try {
    make_loss("cubic", 0.0);
  } catch (const std::invalid_argument&) {
    refused = true;
  }
  CHECK(refused);
  CHECK(make_loss("squared", 0.0) == nullptr);
}

TEST(paths_of_other_losses_are_optimal) {
  for (const auto& [name, parameter] : kLosses)
    for (const auto& [n, p] : {std::pair{80, 12}, std::pair{30, 90}}) {
      const Table t = data::table(n, p, 31);
      Statement s = data::statement(t);
      s.loss = make_loss(name, parameter);
      for (double& y : s.y) {
        if (std::string_view(name) == "huber") continue;
        const bool classes =
            std::string_view(name) == "logistic" || std::string_view(name) == "squared_hinge";
        y = classes ? y > 0 : std::round(std::exp(0.3 * y));
        if (std::string_view(name) == "gamma") y += 0.1;
      }
      auto engine = data::engine(t, std::move(s));
      const PathResult path = engine->path(data::grid(engine->grid_top(), 1e-2, 15));
      for (const PathPoint& point : path.points)
        CHECK(point.optimality.gap < 1e-10 * engine->null_loss());
    }
}
