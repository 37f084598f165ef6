#include "excise/penalty/penalty.hpp"

#include <utility>

namespace excise {
namespace {

constexpr Vec Penalty::* kColumns[] = {&Penalty::l1,    &Penalty::l2,    &Penalty::lower,
                                       &Penalty::upper, &Penalty::width, &Penalty::own};

}  // namespace

double Penalty::value(const Vec& b, double alpha) const {
  double total = 0.0;
  if (grouped()) {
    Vec room;
    for (Index g = 0; g < groups.count(); ++g)
      total += group(g, alpha).value(gathered(groups[g], b.data(), room));
    return total;
  }
  for (Index j = 0; j < size(); ++j)
    if (b[sz(j)] != 0) total += value(j, alpha, b[sz(j)]);
  return total;
}

double Penalty::violation(const Vec& b, const Vec& c, double alpha) const {
  double most = 0.0;
  if (grouped()) {
    Vec here, seen;
    for (Index g = 0; g < groups.count(); ++g)
      most = std::max(most, group(g, alpha).violation(gathered(groups[g], b.data(), here),
                                                      gathered(groups[g], c.data(), seen)));
    return most;
  }
  for (Index j = 0; j < size(); ++j) most = std::max(most, violation(j, alpha, b[sz(j)], c[sz(j)]));
  return most;
}

Indices Penalty::whole(std::span<const Index> columns) const {
  if (!grouped()) return {columns.begin(), columns.end()};
  Indices out;
  std::vector<char> seen(sz(groups.count()));
  for (const Index j : columns) {
    const Index g = groups.of[sz(j)];
    if (g < 0 || std::exchange(seen[sz(g)], 1)) continue;
    out.insert(out.end(), groups[g].begin(), groups[g].end());
  }
  return out;
}

Penalty Penalty::of(std::span<const Index> columns) const {
  Penalty out;
  out.concave = concave;
  for (const auto v : kColumns)
    for (const Index j : columns)
      if (!(this->*v).empty()) (out.*v).push_back((this->*v)[sz(j)]);
  if (!grouped()) return out;
  out.groups.of.resize(columns.size());
  for (std::size_t k = 0; k < columns.size(); ++k) {
    const Index g = groups.of[sz(columns[k])];
    out.groups.members.push_back(ix(k));
    const bool last = k + 1 == columns.size() || groups.of[sz(columns[k + 1])] != g;
    if (last) out.groups.close(groups.reach[sz(g)]);
  }
  return out;
}

void Penalty::append(const Penalty& more) {
  const Index first = size();
  concave = more.concave;
  for (const auto v : kColumns)
    (this->*v).insert((this->*v).end(), (more.*v).begin(), (more.*v).end());
  groups.of.resize(more.grouped() ? l1.size() : 0);
  for (Index g = 0; g < more.groups.count(); ++g) {
    for (const Index k : more.groups[g]) groups.members.push_back(first + k);
    groups.close(more.groups.reach[sz(g)]);
  }
}

void Penalty::keep(std::span<const Index> kept) {
  Penalty rest = of(kept);
  for (const auto v : kColumns) (this->*v) = std::move(rest.*v);
  groups = std::move(rest.groups);
}

}  // namespace excise
