#include "excise/path/grouping.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace excise {
namespace {

std::span<const Index> members(const Statement& s, std::size_t g) {
  return std::span(s.group_members)
      .subspan(sz(s.group_start[g]), sz(s.group_start[g + 1] - s.group_start[g]));
}
std::size_t count(const Statement& s) { return s.group_start.size() - 1; }

}  // namespace

void settle_groups(Statement& s) {
  if (!s.grouped()) return;
  const auto refuse = [](const std::string& what) {
    throw std::invalid_argument("groups: " + what +
                                "; give (indptr, indices) with every column in one group");
  };
  const Index p = s.p();
  if (s.group_start.front() != 0 || s.group_start.back() != ix(s.group_members.size()))
    refuse("indptr must begin with 0 and end with the number of indices");
  for (std::size_t g = 0; g < count(s); ++g)
    if (!(s.group_start[g] < s.group_start[g + 1]))
      refuse("group " + std::to_string(g) + " is empty");
  std::vector<char> seen(sz(p));
  for (const Index j : s.group_members) {
    if (j < 0 || j >= p) refuse("there is no column " + std::to_string(j));
    if (seen[sz(j)]++) refuse("column " + std::to_string(j) + " is named twice");
  }
  if (ix(s.group_members.size()) != p) refuse("some columns are in none");
  for (std::size_t j = 0; j < sz(p); ++j)
    if (s.lower[j] > -kInfinity || s.upper[j] < kInfinity)
      throw std::invalid_argument(
          "groups: column " + std::to_string(j) +
          " has bounds, which a group cannot keep; leave out one of the two");
  for (std::size_t g = 0; g < count(s); ++g)
    for (const Index j : members(s, g))
      s.penalty_weight[sz(j)] = s.penalty_weight[sz(members(s, g).front())];
}

Vec inner_divisor(const Statement& s, const Vec& scale) {
  Vec divisor = scale;
  for (std::size_t g = 0; s.grouped() && !s.standardize && g < count(s); ++g) {
    const auto group = members(s, g);
    if (s.penalty_weight[sz(group.front())] == 0) continue;
    double most = 0.0;
    for (const Index j : group) most = std::max(most, scale[sz(j)]);
    for (const Index j : group)
      if (scale[sz(j)] > 0) divisor[sz(j)] = most;
  }
  return divisor;
}

Groups inner_groups(const Statement& s, const Vec& scale, const Vec& divisor) {
  Groups out;
  if (!s.grouped()) return out;
  out.of.assign(scale.size(), -1);
  for (std::size_t g = 0; g < count(s); ++g) {
    if (s.penalty_weight[sz(members(s, g).front())] == kInfinity) continue;
    double square = 0.0;
    for (const Index j : members(s, g)) {
      if (!(scale[sz(j)] > 0)) continue;
      out.members.push_back(j);
      const double long_inside = scale[sz(j)] / divisor[sz(j)];
      square += long_inside * long_inside;
    }
    if (square > 0) out.close(std::sqrt(square));
  }
  return out;
}

}  // namespace excise
