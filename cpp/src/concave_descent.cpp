#include "excise/solve/concave_descent.hpp"

#include <algorithm>

namespace excise {
namespace {

constexpr double kOne = 1.0;
constexpr int kRounds = 200;
constexpr int kSweeps = 10;
constexpr int kMostEntries = 8;      // of one column at one alpha: more is rounding
constexpr double kNoises = 16;       // a violation that is still rounding
constexpr double kElsewhere = 1e-6;  // share of a coefficient by which another minimum is another

}  // namespace

ConcaveDescent::ConcaveDescent(Quadratic& quadratic, double noise, std::function<void()> poll)
    : quadratic_(quadratic), noise_(noise), poll_(std::move(poll)) {}

void ConcaveDescent::grow(const Penalty& more) {
  penalty_.append(more);
  const std::size_t m = sz(penalty_.size());
  for (Vec* v : {&b_, &c_}) v->resize(m);
  for (auto* v : {&inside_, &barred_}) v->resize(m);
  looked_ = false;
}

void ConcaveDescent::keep(std::span<const Index> kept) {
  Indices slot(b_.size(), -1);
  for (std::size_t k = 0; k < kept.size(); ++k) {
    const std::size_t old = sz(kept[k]);
    slot[old] = ix(k);
    b_[k] = b_[old];
    c_[k] = c_[old];
    inside_[k] = inside_[old];
  }
  for (Vec* v : {&b_, &c_}) v->resize(kept.size());
  for (auto* v : {&inside_, &barred_}) v->resize(kept.size());
  penalty_.keep(kept);
  for (Index& j : active_) j = slot[sz(j)];
}

void ConcaveDescent::start(std::span<const Index> columns, std::span<const double> b) {
  while (size() > 0) release(size() - 1);
  Indices fresh;
  for (std::size_t k = 0; k < columns.size(); ++k)
    if (b[k] != 0) {
      b_[sz(columns[k])] = b[k];
      fresh.push_back(columns[k]);
    }
  admit(fresh);
  looked_ = false;
}

// Columns come in with the coefficients that they have.
void ConcaveDescent::admit(std::span<const Index> columns) {
  gram_.append(quadratic_, active_, columns);
  for (const Index j : columns) {
    inside_[sz(j)] = 1;
    active_.push_back(j);
    x_.push_back(b_[sz(j)]);
    s_.push_back(c_[sz(j)]);
    piece_.push_back(net(size() - 1).piece(std::abs(x_.back())));
  }
  factored_.resize(active_.size());
}

void ConcaveDescent::release(Index place) {
  const Index j = active_[sz(place)];
  inside_[sz(j)] = 0;
  b_[sz(j)] = 0.0;
  if (place < factor_.size()) factor_.remove(place);
  gram_.remove(place, 1);
  const auto cut = [place](auto& v) { v.erase(v.begin() + place); };
  cut(active_);
  cut(x_);
  cut(s_);
  cut(piece_);
  cut(factored_);
}

// Columns that pay a tax and are zero are at rest.
void ConcaveDescent::release_zeros(Index from) {
  for (Index place = size(); place-- > from;)
    if (x_[sz(place)] == 0 && !net(place).smooth()) release(place);
}

// Columns at rest that would leave zero by themselves, those that earn most first
Indices ConcaveDescent::find_entries() {
  std::vector<std::pair<double, Index>> found;
  for (Index j = 0; j < penalty_.size(); ++j) {
    if (inside_[sz(j)] || barred_[sz(j)] || entered_[sz(j)] >= kMostEntries) continue;
    const double over = penalty_.violation(j, alpha_, 0.0, c_[sz(j)]);
    if (over > noise_) found.emplace_back(over, j);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  Indices out;
  for (const auto& [over, j] : found) out.push_back(j);
  return out;
}

void ConcaveDescent::enter(std::span<const Index> columns) {
  const Index first = size();
  for (const Index j : columns) ++entered_[sz(j)];
  admit(columns);
  for (Index place = first; place < size(); ++place) minimise(place);
  release_zeros(first);
}

// Whether a coefficient had a lower minimum elsewhere, by itself: then it is there now.
bool ConcaveDescent::overstay() {
  bool any = false;
  for (Index place = 0; place < size(); ++place) {
    const ConcaveNet pays = net(place);
    if (!pays.may_jump()) continue;
    const double x = x_[sz(place)], best = pays.minimum(s_[sz(place)] + x);
    if (std::abs(best - x) <= kElsewhere * std::max(std::abs(best), std::abs(x))) continue;
    minimise(place);
    any = true;
  }
  if (any) release_zeros();
  return any;
}

// What the columns that are in see, by their Gram matrix
void ConcaveDescent::look() {
  gram_.multiply(x_, s_);
  for (std::size_t k = 0; k < s_.size(); ++k) s_[k] = quadratic_.target(active_[k]) - s_[k];
}

// What every column sees, from the data
void ConcaveDescent::refresh() {
  for (std::size_t k = 0; k < x_.size(); ++k) b_[sz(active_[k])] = x_[k];
  rr_ = quadratic_.gradient(active_, x_, c_);
  for (std::size_t k = 0; k < s_.size(); ++k) s_[k] = c_[sz(active_[k])];
  looked_ = true;
}

void ConcaveDescent::see_pieces() {
  for (Index place = 0; place < size(); ++place)
    piece_[sz(place)] = net(place).piece(std::abs(x_[sz(place)]));
}

// Sets minus the slopes of the objective, and returns the largest.
double ConcaveDescent::unbalance() {
  double most = 0.0;
  r_.resize(x_.size());
  for (Index place = 0; place < size(); ++place) {
    const ConcaveNet pays = net(place);
    const double x = x_[sz(place)];
    r_[sz(place)] = s_[sz(place)];
    if (!pays.smooth()) r_[sz(place)] -= std::copysign(pays.slope(std::abs(x)), x);
    most = std::max(most, std::abs(r_[sz(place)]));
  }
  return most;
}

double ConcaveDescent::violation() {
  double most = unbalance();
  for (Index j = 0; j < penalty_.size(); ++j)
    if (!inside_[sz(j)] && !barred_[sz(j)])
      most = std::max(most, penalty_.violation(j, alpha_, 0.0, c_[sz(j)]));
  return most;
}

// One coefficient by itself
void ConcaveDescent::minimise(Index place) {
  const double x = x_[sz(place)], best = net(place).minimum(s_[sz(place)] + x);
  const double step = best - x;
  if (step == 0) return;
  x_[sz(place)] = best;
  piece_[sz(place)] = net(place).piece(std::abs(best));
  gram_.add(-step, place, std::span(&kOne, 1), s_);
}

// Every coefficient by itself, one after the other
void ConcaveDescent::sweep() {
  for (int round = 0; round < kSweeps; ++round)
    for (Index place = 0; place < size(); ++place) minimise(place);
  release_zeros();
}

bool ConcaveDescent::solve(double alpha) {
  alpha_ = alpha;
  entered_.assign(inside_.size(), 0);
  std::fill(barred_.begin(), barred_.end(), 0);
  see_pieces();
  release_zeros();
  if (!looked_) look();
  double last = kInfinity;
  for (int round = 0; round < kRounds; ++round) {
    poll_();
    settle();
    refresh();
    if (overstay()) continue;
    const Indices entries = find_entries();
    if (!entries.empty()) {
      enter(entries);
      last = kInfinity;
      continue;
    }
    const double now = unbalance();
    if (now <= noise_ || !(now < 0.5 * last)) break;
    last = now;
  }
  return violation() <= kNoises * noise_;
}

}  // namespace excise
