#include "excise/solve/block_minimum.hpp"

namespace excise {
namespace {

constexpr int kSteps = 100;
constexpr double kDependent = 1e-12;  // share of its length that a column must have to itself
constexpr double kFar = 1e3;          // times its length a sparse group may go at once
constexpr double kRounding = 4 * std::numeric_limits<double>::epsilon();

double dot(std::span<const double> a, std::span<const double> b) {
  return kernels().dot(a.data(), b.data(), ix(a.size()));
}

}  // namespace

// Of G + ridge; a column in the span of those before it is given a pivot that leaves it alone.
void BlockMinimum::factor(ConstMatrix gram, double ridge) {
  factor_.clear();
  for (Index k = 0; k < gram.cols; ++k) {
    const double diagonal = gram(k, k) + ridge;
    const double pivot = factor_.project(gram.column(k), diagonal, x_);
    factor_.append(x_, pivot > kDependent * diagonal ? pivot : kInfinity);
  }
}

// No more than the length of the minimum: as if G had its largest eigenvalue everywhere
double BlockMinimum::shortest(ConstMatrix gram, const GroupNet& net,
                              std::span<const double> h) const {
  double most = 0.0;
  for (Index k = 0; k < gram.cols; ++k) {
    double row = 0.0;
    for (Index i = 0; i < gram.rows; ++i) row += std::abs(gram(i, k));
    most = std::max(most, row);
  }
  return (length(h) - net.l1) / (most + net.l2);
}

void BlockMinimum::find(ConstMatrix gram, const GroupNet& net, std::span<const double> h,
                        std::span<double> b) {
  net.own > 0 ? find_sparse(gram, net, h, b) : void(find_whole(gram, net, h, b, kInfinity));
}

// False where it stops at a length beyond `farthest`, at the minimum among points of that length:
// there may be none at all where columns are dependent and h is not in their span.
bool BlockMinimum::find_whole(ConstMatrix gram, const GroupNet& net, std::span<const double> h,
                              std::span<double> b, double farthest) {
  std::fill(b.begin(), b.end(), 0.0);
  if (!(net.zero_threshold(h) > net.l1)) return true;
  double rho = shortest(gram, net, h);
  if (!(rho > 0 && rho < kInfinity)) return true;
  if (net.smooth() || b.size() == 1) {
    work_.assign(h.begin(), h.end());
    if (!net.smooth()) work_[0] -= std::copysign(net.l1, h[0]);
    factor(gram, net.l2);
    factor_.solve(work_.data());
    std::copy(work_.begin(), work_.end(), b.begin());
    return true;
  }
  bool found = true;
  for (int step = 0; step < kSteps; ++step) {
    const double sigma = net.l1 / rho;
    factor(gram, net.l2 + sigma);
    work_.assign(h.begin(), h.end());
    factor_.solve(work_.data());
    const double n = length(work_) / rho;
    if (!(n > 1)) break;
    if (!(found = rho < farthest)) break;
    turned_.resize(work_.size());  // (G + l2) b
    for (std::size_t k = 0; k < work_.size(); ++k) turned_[k] = h[k] - sigma * work_[k];
    factor_.solve(turned_.data());
    const double fall = dot(work_, turned_) / (rho * rho * rho * n);  // -N'
    const double more = (1 - 1 / n) * n * n / fall;
    if (!(more > kRounding * rho) || !std::isfinite(rho + more)) break;
    rho = std::min(rho + more, std::max(rho, farthest));
  }
  std::copy(work_.begin(), work_.end(), b.begin());
  return found;
}

// Where b is, if that is better than zero; else a short step from zero that goes down.
void BlockMinimum::begin_sparse(ConstMatrix gram, const GroupNet& net, std::span<const double> h,
                                std::span<double> b) {
  double most = 0.0, value = net.value(b);
  for (Index k = 0; k < gram.cols; ++k) {
    double row = 0.0, seen = 0.0;
    for (Index i = 0; i < gram.rows; ++i) {
      row += std::abs(gram(i, k));
      seen += gram(i, k) * b[sz(i)];
    }
    most = std::max(most, row);
    value += b[sz(k)] * (0.5 * seen - h[sz(k)]);
  }
  if (!(value < 0)) {
    const double over = net.zero_threshold(h);
    const double share = (1.0 - net.l1 / over) / (most + net.l2);
    for (std::size_t k = 0; k < b.size(); ++k) b[k] = share * net.left(h[k]);
  }
  sign_.assign(b.size(), 0);
  for (std::size_t k = 0; k < b.size(); ++k) sign_[k] = (b[k] > 0) - (b[k] < 0);
}

// To the minimum over the columns that are in, with their signs; false where a column became zero
// on the way, or the way is long.
bool BlockMinimum::go_sparse(ConstMatrix gram, const GroupNet& net, std::span<const double> h,
                             std::span<double> b) {
  active_.clear();
  target_.clear();
  for (std::size_t k = 0; k < b.size(); ++k) {
    if (sign_[k] == 0) continue;
    active_.push_back(ix(k));
    target_.push_back(h[k] - net.own * sign_[k]);
  }
  const Index m = ix(active_.size());
  gram_.resize(sz(m * m));
  for (Index k = 0; k < m; ++k)
    for (Index i = 0; i < m; ++i) gram_[sz(i + k * m)] = gram(active_[sz(i)], active_[sz(k)]);
  aim_.assign(sz(m), 0.0);
  const bool found = find_whole(ConstMatrix(gram_.data(), m, m), {net.l1, net.l2}, target_, aim_,
                                kFar * length(b));
  double share = 1.0;
  std::size_t first = b.size();
  for (Index k = 0; k < m; ++k) {
    const std::size_t j = sz(active_[sz(k)]);
    if (aim_[sz(k)] * sign_[j] > 0) continue;
    const double far = b[j] == 0 ? 0.0 : b[j] / (b[j] - aim_[sz(k)]);
    if (first < b.size() && far >= share) continue;
    share = far;
    first = j;
  }
  for (Index k = 0; k < m; ++k) {
    double& value = b[sz(active_[sz(k)])];
    value = first == b.size() ? aim_[sz(k)] : value + share * (aim_[sz(k)] - value);
  }
  if (first == b.size()) return found;
  b[first] = 0.0;
  sign_[first] = 0;
  return false;
}

void BlockMinimum::find_sparse(ConstMatrix gram, const GroupNet& net, std::span<const double> h,
                               std::span<double> b) {
  if (!(net.zero_threshold(h) > net.l1)) {
    std::fill(b.begin(), b.end(), 0.0);
    return;
  }
  begin_sparse(gram, net, h, b);
  const double rounded = kRounding * (net.own + length(h));
  std::vector<int> came(b.size());
  for (int step = 0; step < kSteps + 4 * static_cast<int>(b.size()); ++step) {
    if (!go_sparse(gram, net, h, b)) continue;
    std::size_t best = b.size();
    double most = rounded;
    for (std::size_t k = 0; k < b.size(); ++k) {
      if (sign_[k] != 0 || came[k] >= 3) continue;
      const double c = h[k] - kernels().dot(gram.column(ix(k)), b.data(), gram.rows);
      if (!(std::abs(c) - net.own > most)) continue;
      most = std::abs(c) - net.own;
      best = k;
      sign_[k] = c > 0 ? 1 : -1;
    }
    for (std::size_t k = 0; k < b.size(); ++k)
      if (b[k] == 0 && k != best) sign_[k] = 0;
    if (best == b.size()) return;
    ++came[best];
  }
}

}  // namespace excise
