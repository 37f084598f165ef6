#include "excise/solve/shifted_cg.hpp"

#include <algorithm>

#include "excise/base/kernels.hpp"

namespace excise {
namespace {

// One of the systems: its residual is `share` times that of the system with the least alpha.
struct Shifted {
  double shift, share = 1.0, share_before = 1.0;
  Vec x, direction;

  // `step`, `turn`: those of the least alpha, x += step d, d = r + turn d; and the ones before.
  void advance(double step, double step_before, double turn_before) {
    const double next = share * share_before * step_before /
                        (step * turn_before * (share_before - share) +
                         share_before * step_before * (1.0 + shift * step));
    share_before = share;
    share = next;
    const double own = step * share / share_before;
    kernels().axpy(own, direction.data(), x.data(), ix(x.size()));
  }
  void turn(double turn, const Vec& r) {
    const double rate = share / share_before, own = turn * rate * rate;
    for (std::size_t i = 0; i < r.size(); ++i) direction[i] = share * r[i] + own * direction[i];
  }
};

}  // namespace

std::vector<Vec> shifted_cg(const Product& product, const Vec& y, std::span<const double> alphas,
                            double gap, Index most) {
  constexpr double kNothing = 1e-12;   // an alpha that is no more beside K
  constexpr double kRounding = 1e-28;  // a residual that is no more beside y: squared
  const Index n = ix(y.size());
  const double least = *std::min_element(alphas.begin(), alphas.end());
  std::vector<Shifted> systems;
  for (const double alpha : alphas) systems.push_back({alpha - least, 1.0, 1.0, Vec(y.size()), y});
  Vec r = y, direction = y, image(y.size());
  double square = kernels().dot(r.data(), r.data(), n);
  const double rounding = kRounding * square;
  double step_before = 1.0, turn_before = 0.0;
  for (Index round = 0; round < most && square > rounding; ++round) {
    product(direction, image);
    kernels().axpy(least, direction.data(), image.data(), n);
    const double curve = kernels().dot(direction.data(), image.data(), n);
    if (!(curve > 0)) break;
    const double step = square / curve;
    // r'(K + alpha I) r / r'r, from the two steps around it
    const double quotient = 1.0 / step + turn_before / step_before;
    const double alpha = std::max(least, kNothing * quotient);
    if (square * std::max(0.0, quotient - least) <= 2 * alpha * gap) break;
    for (Shifted& system : systems) system.advance(step, step_before, turn_before);
    kernels().axpy(-step, image.data(), r.data(), n);
    const double next = kernels().dot(r.data(), r.data(), n);
    turn_before = next / square;
    step_before = step;
    square = next;
    for (std::size_t i = 0; i < r.size(); ++i) direction[i] = r[i] + turn_before * direction[i];
    for (Shifted& system : systems) system.turn(turn_before, r);
  }
  std::vector<Vec> found;
  for (Shifted& system : systems) found.push_back(std::move(system.x));
  return found;
}

}  // namespace excise
