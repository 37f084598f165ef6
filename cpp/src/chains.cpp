#include "excise/penalty/chains.hpp"

#include <algorithm>

namespace excise {

Vec falling_fit(std::span<const double> v) {
  struct Pool {
    double sum;
    std::size_t count;
    double mean() const { return sum / static_cast<double>(count); }
  };
  std::vector<Pool> pools;
  pools.reserve(v.size());
  for (const double x : v) {
    Pool pool{x, 1};
    while (!pools.empty() && pools.back().mean() <= pool.mean()) {
      pool = {pool.sum + pools.back().sum, pool.count + pools.back().count};
      pools.pop_back();
    }
    pools.push_back(pool);
  }
  Vec out;
  out.reserve(v.size());
  for (const Pool& pool : pools) out.insert(out.end(), pool.count, pool.mean());
  return out;
}

namespace {

// A piece of the derivative: slope * x + height
struct Line {
  double slope, height;
  double at(double x) const { return slope * x + height; }
  double reaches(double level) const { return (level - height) / slope; }
};

// Where the derivative bends, and what its line gains there from left to right
struct Knot {
  double place;
  Line gain;
};

}  // namespace

Vec total_variation(std::span<const double> v, double strength) {
  const std::size_t n = v.size();
  if (n < 2 || strength <= 0) return {v.begin(), v.end()};
  // Knots stand in the middle of the room, since every step adds one on either side.
  std::vector<Knot> knots(2 * n);
  std::size_t first = n, last = n;  // [first, last)
  Vec low(n), high(n);
  for (std::size_t k = 0; k + 1 < n; ++k) {
    const double outer = k == 0 ? 0.0 : strength;  // the slopes that the cost before was kept to
    Line left{1, -v[k] - outer}, right{1, -v[k] + outer};
    while (first < last && left.at(knots[first].place) <= -strength) {
      left.slope += knots[first].gain.slope;
      left.height += knots[first++].gain.height;
    }
    while (first < last && right.at(knots[last - 1].place) >= strength) {
      right.slope -= knots[last - 1].gain.slope;
      right.height -= knots[--last].gain.height;
    }
    low[k] = left.reaches(-strength);
    high[k] = right.reaches(strength);
    knots[--first] = {low[k], {left.slope, left.height + strength}};
    knots[last++] = {high[k], {-right.slope, strength - right.height}};
  }
  Line line{1, -v[n - 1] - strength};
  while (first < last && line.at(knots[first].place) <= 0) {
    line.slope += knots[first].gain.slope;
    line.height += knots[first++].gain.height;
  }
  Vec b(n);
  b[n - 1] = line.reaches(0);
  for (std::size_t k = n - 1; k-- > 0;) b[k] = std::max(low[k], std::min(high[k], b[k + 1]));
  return b;
}

Vec face_gram(std::span<const double> gram, std::size_t width, std::span<const Index> place,
              std::span<const Index> owner, std::span<const double> sign, std::size_t count) {
  Vec out(count * count);
  for (std::size_t i = 0; i < place.size(); ++i) {
    const double* from = gram.data() + static_cast<std::size_t>(place[i]) * width;
    double* to = out.data() + static_cast<std::size_t>(owner[i]) * count;
    for (std::size_t j = 0; j < place.size(); ++j)
      to[owner[j]] += sign[i] * sign[j] * from[place[j]];
  }
  return out;
}

}  // namespace excise
