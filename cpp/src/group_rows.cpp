// The factor of Newton's method where many more columns are in than there are rows.
#include <utility>

#include "excise/solve/group_descent.hpp"

namespace excise {
namespace {

constexpr double kMore = 3.0;      // columns over rows from which it pays,
constexpr double kStay = 2.5;      // and down to which it stays so: to change costs a whole factor
constexpr double kOutdated = 0.3;  // a share by which a block of the curvature has changed
constexpr double kBad = 0.05;      // the share of columns outdated, or not in, that is borne,
constexpr double kSpent = 0.03;    // and how many steps of conjugate gradients, over rows
constexpr double kData = 1.0;      // what the data add to a group that is not in, nearly

}  // namespace

bool GroupDescent::by_rows() const {
  const double more = rows_.rows() > 0 ? kStay : kMore;
  return quadratic_.rows() > 0 && gram_.copies() == 1 &&
         static_cast<double>(size()) > more * static_cast<double>(quadratic_.rows()) &&
         quadratic_.numbers(active_.front()) != nullptr;
}

// A block as it is in the factor
RowFactor::Part GroupDescent::part_then(const Block& block) {
  part_at_.clear();
  for (Index k = block.first; k < block.first + block.size; ++k)
    part_at_.push_back(quadratic_.numbers(active_[sz(k)]));
  return {block.factored, block.ridge, of(block, std::as_const(u_then_)), part_at_};
}

void GroupDescent::leave_rows(Block& block) {
  if (!std::exchange(block.in_rows, false) || rows_.rows() == 0) return;
  rows_.change(part_then(block), -1.0);
}

void GroupDescent::factor_rows() {
  const auto n = static_cast<double>(quadratic_.rows()), m = static_cast<double>(size());
  truncate(0);
  u_then_.resize(u_.size());
  if (rows_.rows() == 0) {
    rows_.clear(quadratic_.rows());
    for (Block& block : blocks_) block.in_rows = false;
  }
  double bad = 0.0;
  for (const Block& block : blocks_)
    if (!block.in_rows || outdated(block) > kOutdated) bad += static_cast<double>(block.size);
  if (rows_.ready() && bad <= kBad * m && static_cast<double>(spent_) <= kSpent * n) return;
  for (Block& block : blocks_) {
    if (block.in_rows && !(outdated(block) > 0.5 * kOutdated)) continue;
    leave_rows(block);
    block.factored = block.stiff;
    block.ridge = net(block).l2;
    block.in_rows = true;
    std::copy_n(u_.begin() + block.first, block.size, u_then_.begin() + block.first);
    rows_.change(part_then(block), 1.0);
  }
  rows_.factor();
  spent_ = 0;
}

// v := the inverse of the earlier H times v; groups that are not in it are by themselves.
void GroupDescent::precondition_rows(Vec& v) {
  const Index n = rows_.rows();
  at_.clear();
  seen_by_rows_.clear();
  for (const Block& block : blocks_) {
    const auto here = of(block, v);
    const RowFactor::Part now{block.stiff, net(block).l2, of(block, std::as_const(u_)), {}};
    const RowFactor::Part part = block.in_rows ? part_then(block) : now;
    RowFactor::unbend(part, block.in_rows ? RowFactor::kSlack : kData, here);
    if (!block.in_rows) continue;
    at_.insert(at_.end(), part_at_.begin(), part_at_.end());
    seen_by_rows_.insert(seen_by_rows_.end(), here.begin(), here.end());
  }
  const Index m = ix(at_.size());
  inner_.assign(sz(n), 0.0);
  kernels().combine(at_.data(), seen_by_rows_.data(), m, n, inner_.data());
  rows_.solve(inner_.data());
  seen_by_rows_.assign(sz(m), 0.0);
  kernels().scattered_f64(at_.data(), n, m, nullptr, inner_.data(), n, 1, seen_by_rows_.data(), m);
  std::size_t from = 0;
  for (const Block& block : blocks_) {
    if (!block.in_rows) continue;
    const auto here = of(block, v), seen = std::span(seen_by_rows_).subspan(from, here.size());
    RowFactor::unbend({block.factored, block.ridge, of(block, std::as_const(u_then_)), {}},
                      RowFactor::kSlack, seen);
    for (std::size_t k = 0; k < here.size(); ++k) here[k] -= seen[k];
    from += here.size();
  }
}

}  // namespace excise
