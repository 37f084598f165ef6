#include "excise/solve/block_minimum.hpp"

namespace excise {
namespace {

constexpr int kSteps = 100;
constexpr double kDependent = 1e-12;  // share of its length that a column must have to itself
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
  std::fill(b.begin(), b.end(), 0.0);
  if (!(net.zero_threshold(h) > net.l1)) return;
  double rho = shortest(gram, net, h);
  if (!(rho > 0 && rho < kInfinity)) return;
  if (net.smooth() || b.size() == 1) {
    work_.assign(h.begin(), h.end());
    if (!net.smooth()) work_[0] -= std::copysign(net.l1, h[0]);
    factor(gram, net.l2);
    factor_.solve(work_.data());
    std::copy(work_.begin(), work_.end(), b.begin());
    return;
  }
  for (int step = 0; step < kSteps; ++step) {
    const double sigma = net.l1 / rho;
    factor(gram, net.l2 + sigma);
    work_.assign(h.begin(), h.end());
    factor_.solve(work_.data());
    const double n = length(work_) / rho;
    if (!(n > 1)) break;
    turned_.resize(work_.size());  // (G + l2) b
    for (std::size_t k = 0; k < work_.size(); ++k) turned_[k] = h[k] - sigma * work_[k];
    factor_.solve(turned_.data());
    const double fall = dot(work_, turned_) / (rho * rho * rho * n);  // -N'
    const double more = (1 - 1 / n) * n * n / fall;
    if (!(more > kRounding * rho) || !std::isfinite(rho + more)) break;
    rho += more;
  }
  std::copy(work_.begin(), work_.end(), b.begin());
}

}  // namespace excise
