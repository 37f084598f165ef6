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
                                "; give (indptr, indices) with every coefficient in one group");
  };
  const Index p = s.p() * s.outputs;
  if (s.group_start.front() != 0 || s.group_start.back() != ix(s.group_members.size()))
    refuse("indptr must begin with 0 and end with the number of indices");
  for (std::size_t g = 0; g < count(s); ++g)
    if (!(s.group_start[g] < s.group_start[g + 1]))
      refuse("group " + std::to_string(g) + " is empty");
  std::vector<char> seen(sz(p));
  for (const Index j : s.group_members) {
    if (j < 0 || j >= p) refuse("there is no coefficient " + std::to_string(j));
    if (seen[sz(j)]++) refuse("coefficient " + std::to_string(j) + " is named twice");
  }
  if (ix(s.group_members.size()) != p) refuse("some coefficients are in none");
  for (std::size_t j = 0; j < sz(s.p()); ++j)
    if (s.lower[j] > -kInfinity || s.upper[j] < kInfinity)
      throw std::invalid_argument(
          "groups: column " + std::to_string(j) +
          " has bounds, which a group cannot keep; leave out one of the two");
  for (std::size_t g = 0; g < count(s); ++g)
    for (const Index j : members(s, g))
      s.penalty_weight[sz(j / s.outputs)] = s.penalty_weight[sz(members(s, g).front() / s.outputs)];
  if (!s.group_weight.empty() && s.group_weight.size() != count(s))
    refuse("group_weight must have a number for every group");
  if (s.l1_ratio > 0) return;
  const Vec ridge = ridge_weights(s);  // a ridge knows no groups
  for (std::size_t j = 0; j < sz(s.p()); ++j) s.penalty_weight[j] *= ridge[j];
  s.group_start = s.group_members = {};
  s.group_weight = {};
  s.l1_share = 0.0;
}

Vec group_weights(const Statement& s) {
  Vec out(sz(s.p()), 1.0);
  for (std::size_t g = 0; g < s.group_weight.size(); ++g)
    for (const Index j : members(s, g)) out[sz(j / s.outputs)] = s.group_weight[g];
  return out;
}

Vec ridge_weights(const Statement& s) {
  Vec out = group_weights(s);
  for (double& weight : out) weight = s.l1_share + (1.0 - s.l1_share) * weight;
  return out;
}

Vec inner_divisor(const Statement& s, const Vec& scale) {
  Vec divisor = scale;
  for (std::size_t g = 0; s.grouped() && !s.standardize && g < count(s); ++g) {
    const auto group = members(s, g);
    if (s.penalty_weight[sz(group.front() / s.outputs)] == 0) continue;
    double most = 0.0;
    for (const Index j : group) most = std::max(most, scale[sz(j / s.outputs)]);
    for (const Index j : group)
      if (scale[sz(j / s.outputs)] > 0) divisor[sz(j / s.outputs)] = most;
  }
  return divisor;
}

// Columns of different outputs are orthogonal: what a group reaches is what it reaches in one.
Groups inner_groups(const Statement& s, const Scaling& scaling, Index intercepts) {
  Groups out;
  if (!s.grouped()) return out;
  const Index coefficients = s.p() * s.outputs;
  out.of.assign(sz(coefficients + intercepts), -1);
  Vec square(sz(s.outputs));
  for (std::size_t g = 0; g < count(s); ++g) {
    if (s.penalty_weight[sz(members(s, g).front() / s.outputs)] == kInfinity) continue;
    square.assign(square.size(), 0.0);
    for (const Index flat : members(s, g)) {
      const Index j = flat / s.outputs;
      if (!(scaling.scale[sz(j)] > 0)) continue;
      out.members.push_back(flat);
      square[sz(flat % s.outputs)] += scaling.length(j) * scaling.length(j);
    }
    const double most = *std::max_element(square.begin(), square.end());
    if (most > 0) out.close(std::sqrt(most));
  }
  for (Index k = 0; k < intercepts; ++k) {
    out.members.push_back(coefficients + k);
    out.close(1.0);
  }
  return out;
}

}  // namespace excise
