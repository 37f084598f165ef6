#include "excise/solve/group_descent.hpp"

#include <algorithm>

namespace excise {
namespace {

constexpr int kRounds = 200;
constexpr int kSweeps = 10;      // minima of groups that just came in
constexpr int kMostEntries = 8;  // of one group at one alpha: more is rounding
constexpr Index kTogether = 16;  // groups that come in together, or as many as are in
constexpr double kLoose = 1e-4;  // share of the tax to which it is solved before groups enter
constexpr double kNoises = 16;   // a violation that is still rounding
constexpr double kDependent = 1e-12;

}  // namespace

GroupDescent::GroupDescent(Quadratic& quadratic, double noise, std::function<void()> poll)
    : quadratic_(quadratic), noise_(noise), poll_(std::move(poll)) {}

void GroupDescent::grow(const Penalty& more) {
  penalty_.append(more);
  b_.resize(sz(penalty_.size()));
  c_.resize(b_.size());
  inside_.resize(sz(penalty_.groups.count()));
  see_copies();
}

// Whether every group is one column in all outputs
void GroupDescent::see_copies() {
  const Groups& groups = penalty_.groups;
  Index copies = quadratic_.copies();
  for (Index g = 0; g < groups.count() && copies > 1; ++g)
    if (groups.size(g) != copies) copies = 1;
  if (copies == gram_.copies()) return;
  gram_.clear(copies);
  restart();
}

void GroupDescent::keep(std::span<const Index> kept) {
  Indices slot(b_.size(), -1);
  for (std::size_t k = 0; k < kept.size(); ++k) {
    slot[sz(kept[k])] = ix(k);
    b_[k] = b_[sz(kept[k])];
    c_[k] = c_[sz(kept[k])];
  }
  b_.resize(kept.size());
  c_.resize(kept.size());
  penalty_.keep(kept);
  for (Index& j : active_) j = slot[sz(j)];
  for (Index& j : loose_) j = slot[sz(j)];
  inside_.assign(sz(penalty_.groups.count()), 0);
  for (Block& block : blocks_) {
    block.group = penalty_.groups.of[sz(active_[sz(block.first)])];
    inside_[sz(block.group)] = 1;
  }
}

void GroupDescent::start(std::span<const Index> columns, std::span<const double> b) {
  for (std::size_t k = 0; k < columns.size(); ++k) b_[sz(columns[k])] = b[k];
  restart();
}

// Lets in the groups that are not zero, and no other.
void GroupDescent::restart() {
  blocks_.clear();
  active_.clear();
  x_.clear();
  s_.clear();
  loose_.clear();
  loose_factor_.clear();
  gram_.clear(gram_.copies());
  rough_gram_.forget(0);
  factor_.clear();
  rough_.clear();
  precise_ = false;
  rows_.clear(0);
  u_then_.clear();
  std::fill(inside_.begin(), inside_.end(), 0);
  Indices groups;
  for (Index g = 0; g < penalty_.groups.count(); ++g) {
    const auto members = penalty_.groups[g];
    if (std::any_of(members.begin(), members.end(), [&](Index j) { return b_[sz(j)] != 0; }))
      groups.push_back(g);
  }
  admit(groups, false);
}

// The columns of a group that come in: of a sparse one those that are not zero or, where they are
// asked for, earn more than their own tax.
Indices GroupDescent::columns_of(Index group, bool earning) {
  const GroupNet pays = penalty_.group(group, alpha_);
  if (pays.own == 0) return independent(group);
  Indices out;
  for (const Index j : penalty_.groups[group])
    if (b_[sz(j)] != 0 || (earning && std::abs(c_[sz(j)]) > pays.own)) out.push_back(j);
  return out;
}

// The columns of a group that may come in: where nothing but the fit decides about them, those
// that are not in the span of others of their kind.
Indices GroupDescent::independent(Index group) {
  const auto members = penalty_.groups[group];
  const GroupNet pays = penalty_.group(group, alpha_);
  if (pays.l1 > 0 || pays.l2 > 0) return {members.begin(), members.end()};
  Indices out;
  const auto run = sz(gram_.copies());
  for (std::size_t k = 0; k < members.size(); k += run) {
    const Index j = members[k];
    const auto same = members.subspan(k, run);
    work_.resize(loose_.size());
    double diagonal = 0.0;
    quadratic_.cross(j, loose_, work_.data());
    quadratic_.cross(j, std::span(&j, 1), &diagonal);
    const double pivot = loose_factor_.project(work_.data(), diagonal, solved_);
    if (!(pivot > kDependent * diagonal)) {
      for (const Index copy : same) b_[sz(copy)] = 0.0;
      continue;
    }
    loose_factor_.append(solved_, pivot);
    loose_.push_back(j);
    out.insert(out.end(), same.begin(), same.end());
  }
  return out;
}

void GroupDescent::admit(std::span<const Index> groups, bool earning) {
  Indices fresh;
  for (const Index g : groups) {
    inside_[sz(g)] = 1;
    const Indices some = columns_of(g, earning);
    if (some.empty()) continue;
    blocks_.push_back({g, size() + ix(fresh.size()), ix(some.size()), 0.0, 0.0});
    fresh.insert(fresh.end(), some.begin(), some.end());
  }
  gram_.append(quadratic_, active_, fresh);
  for (const Index j : fresh) {
    active_.push_back(j);
    x_.push_back(b_[sz(j)]);
    s_.push_back(c_[sz(j)]);
  }
}

// By how much a group at rest, or the columns at rest of one that is in, earn more than their tax
double GroupDescent::excess(Index g) {
  const GroupNet pays = penalty_.group(g, alpha_);
  if (!inside_[sz(g)])
    return pays.zero_threshold(gathered(penalty_.groups[g], c_.data(), seen_)) - pays.l1;
  seen_.clear();
  for (const Index j : penalty_.groups[g])
    if (pays.own > 0 && b_[sz(j)] == 0) seen_.push_back(pays.left(c_[sz(j)]));
  return length(seen_);
}

// Groups with such, those that earn most first
Indices GroupDescent::find_entries() {
  std::vector<std::pair<double, Index>> found;
  for (Index g = 0; g < penalty_.groups.count(); ++g) {
    const GroupNet pays = penalty_.group(g, alpha_);
    const Index most = kMostEntries + (pays.own > 0 ? penalty_.groups.size(g) : 0);
    if ((inside_[sz(g)] && pays.own == 0) || entered_[sz(g)] >= most) continue;
    const double over = excess(g);
    if (over > noise_ * std::sqrt(static_cast<double>(penalty_.groups.size(g))))
      found.emplace_back(pays.smooth() ? kInfinity : over, g);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  const auto most = sz(std::max(kTogether, ix(blocks_.size())));
  Indices out;
  for (const auto& [over, g] : found)
    if (out.size() < most || over == kInfinity) out.push_back(g);
  std::sort(out.begin(), out.end());
  return out;
}

void GroupDescent::enter(std::span<const Index> groups) {
  for (const Index g : groups) ++entered_[sz(g)];
  for (std::size_t k = blocks_.size(); k-- > 0;) {  // those that get more columns stand last anew
    const Block block = blocks_[k];
    if (!std::binary_search(groups.begin(), groups.end(), block.group)) continue;
    const Indices columns(active_.begin() + block.first,
                          active_.begin() + block.first + block.size);
    const auto here = of(block, x_);
    const Vec values(here.begin(), here.end());
    release(k);
    for (std::size_t l = 0; l < columns.size(); ++l) b_[sz(columns[l])] = values[l];
  }
  const std::size_t first = blocks_.size();
  admit(groups, true);
  for (std::size_t k = first; k < blocks_.size(); ++k) minimise(blocks_[k], x_, s_);
  release_zeros();
}

// Groups that pay a tax and are zero are at rest, and such columns of sparse groups.
void GroupDescent::release_zeros() {
  for (std::size_t k = blocks_.size(); k-- > 0;) {
    const GroupNet pays = net(blocks_[k]);
    if (pays.smooth()) continue;
    if (length(of(blocks_[k], x_)) == 0) {
      release(k);
      continue;
    }
    if (pays.own == 0) continue;
    for (Index place = blocks_[k].first + blocks_[k].size; place-- > blocks_[k].first;)
      if (x_[sz(place)] == 0) cut(k, place, 1);
  }
}

void GroupDescent::release(std::size_t k) {
  inside_[sz(blocks_[k].group)] = 0;
  cut(k, blocks_[k].first, blocks_[k].size);
  blocks_.erase(blocks_.begin() + ix(k));
}

// Some places of a block are at rest.
void GroupDescent::cut(std::size_t k, Index first, Index count) {
  leave_rows(blocks_[k]);
  const auto erase = [&](auto& v) { v.erase(v.begin() + first, v.begin() + first + count); };
  for (Index place = first; place < first + count; ++place) b_[sz(active_[sz(place)])] = 0.0;
  const Index unit = first / gram_.copies(), last = unit + count / gram_.copies();
  for (Index one = std::min(last, factored()); one-- > unit;)
    rough_.size() > 0 ? rough_.remove(one) : factor_.remove(one);
  erase(active_);
  erase(x_);
  erase(s_);
  u_then_.resize(active_.size() + sz(count));
  erase(u_then_);
  gram_.remove(first, count);
  rough_gram_.forget(unit);
  blocks_[k].size -= count;
  for (std::size_t l = k + 1; l < blocks_.size(); ++l) blocks_[l].first -= count;
}

// What the columns that are in see, by their Gram matrix
void GroupDescent::look() {
  gram_.multiply(x_, s_);
  for (std::size_t k = 0; k < s_.size(); ++k) s_[k] = quadratic_.target(active_[k]) - s_[k];
}

void GroupDescent::scatter() {
  for (std::size_t k = 0; k < x_.size(); ++k) b_[sz(active_[k])] = x_[k];
}

// What every column sees, from the data
void GroupDescent::refresh() {
  scatter();
  rr_ = quadratic_.gradient(active_, x_, c_);
  for (std::size_t k = 0; k < s_.size(); ++k) s_[k] = c_[sz(active_[k])];
}

// Sets the directions of the groups and minus the slopes of the objective; returns the largest of
// them, in correlations of one column.
double GroupDescent::unbalance() {
  double most = 0.0;
  u_.assign(x_.size(), 0.0);
  r_.resize(x_.size());
  for (Block& block : blocks_) {
    const GroupNet pays = net(block);
    const double size = length(of(block, x_));
    block.stiff = pays.smooth() || size == 0 ? 0.0 : pays.l1 / size;
    double square = 0.0;
    for (std::size_t k = sz(block.first); k < sz(block.first + block.size); ++k) {
      if (!pays.smooth() && size > 0) u_[k] = x_[k] / size;
      r_[k] = s_[k] - pays.l1 * u_[k] - pays.l2 * x_[k];
      if (pays.own > 0) r_[k] -= std::copysign(pays.own, x_[k]);
      square += r_[k] * r_[k];
    }
    most = std::max(most, std::sqrt(square / static_cast<double>(block.size)));
  }
  return most;
}

// Slopes that are small enough. Of a group they are a share of its tax; the largest such share,
// twice, of all that is paid bounds the gap: the dual point is scaled by it, and it is missed by as
// much again.
double GroupDescent::wanted() const {
  double paid = 0.0, steepest = 0.0;
  for (const Block& block : blocks_) {
    const GroupNet pays = net(block);
    if (!(pays.l1 > 0)) return noise_;
    const auto x = of(block, x_);
    paid += pays.l1 * length(x);
    for (const double v : x) paid += pays.own * std::abs(v);
    steepest = std::max(steepest, std::sqrt(static_cast<double>(block.size)) / pays.l1);
  }
  return steepest > 0 ? std::max(noise_, 0.5 * enough_ / (steepest * paid)) : noise_;
}

void GroupDescent::minimise(const Block& block, Vec& x, Vec& s) {
  const ConstMatrix g = gram_.block(block.first, block.size);
  const auto here = of(block, x), sees = of(block, s);
  work_.assign(sees.begin(), sees.end());
  for (Index k = 0; k < block.size; ++k)
    kernels().axpy(here[sz(k)], g.column(k), work_.data(), block.size);
  solved_.assign(here.begin(), here.end());
  minimum_.find(g, net(block), work_, here);
  for (std::size_t k = 0; k < here.size(); ++k) solved_[k] = here[k] - solved_[k];
  gram_.add(-1.0, block.first, solved_, s);
}

// Every group by itself, one after the other; false when that gains nothing.
bool GroupDescent::sweep() {
  const double before = unbalance();
  for (int round = 0; round < kSweeps; ++round)
    for (const Block& block : blocks_) minimise(block, x_, s_);
  release_zeros();
  return unbalance() < before;
}

bool GroupDescent::solve(double alpha) {
  const bool paid_nothing = alpha_ == 0;
  alpha_ = alpha;
  if (paid_nothing && alpha > 0) restart();
  entered_.assign(inside_.size(), 0);
  look();
  double least_tax = kInfinity, last = kInfinity;
  for (const Block& block : blocks_) least_tax = std::min(least_tax, net(block).l1);
  bool exact = !(least_tax < kInfinity) || least_tax == 0;
  for (int round = 0; round < kRounds; ++round) {
    poll_();
    descend(exact ? wanted() : std::max(wanted(), kLoose * least_tax));
    refresh();
    const Indices entries = find_entries();
    if (!entries.empty()) {
      enter(entries);
      last = kInfinity;
      continue;
    }
    const double now = unbalance();
    if (now <= wanted()) break;
    if (exact && !(now < 0.5 * last)) break;
    last = exact ? now : kInfinity;
    exact = true;
  }
  double most = 0.0;
  for (Index g = 0; g < penalty_.groups.count(); ++g) most = std::max(most, excess(g));
  return most <= kNoises * noise_ && unbalance() <= std::max(kNoises * noise_, wanted());
}

}  // namespace excise
