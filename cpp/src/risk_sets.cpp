#include "excise/loss/risk_sets.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

namespace excise {
namespace {

constexpr double kNobody = -std::numeric_limits<double>::infinity();

}  // namespace

RiskSets::RiskSets(const Survival& survival) : n_(ix(survival.time.size())) {
  make_groups(survival);
  if (survival.entry.empty())
    make_chains();
  else
    make_tree();
}

// Groups, and the range of them that each row is at risk for.
void RiskSets::make_groups(const Survival& s) {
  const auto stratum = [&](Index i) { return s.stratum.empty() ? Index{0} : s.stratum[sz(i)]; };
  Indices order(sz(n_));
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [&](Index a, Index b) {
    return std::tuple(stratum(a), -s.time[sz(a)], a) < std::tuple(stratum(b), -s.time[sz(b)], b);
  });
  first_.assign(sz(n_), 0);
  end_.assign(sz(n_), 0);
  Vec time;  // of the groups
  for (std::size_t lo = 0, hi = 0; lo < order.size(); lo = hi) {
    const std::size_t begin = time.size();
    for (; hi < order.size() && stratum(order[hi]) == stratum(order[lo]); ++hi) {
      const Index i = order[hi];
      const double t = s.time[sz(i)];
      if (s.event[sz(i)] > 0) {
        if (time.size() == begin || time.back() != t) {
          time.push_back(t);
          tied_start_.push_back(tied_start_.back());
        }
        tied_.push_back(i);
        ++tied_start_.back();
      }
    }
    stratum_end_.resize(time.size(), ix(time.size()));
    const auto from = time.begin() + ix(begin);
    const auto later = [](double a, double b) { return a > b; };
    for (std::size_t k = lo; k < hi; ++k) {
      const std::size_t i = sz(order[k]);
      first_[i] = std::lower_bound(from, time.end(), s.time[i], later) - time.begin();
      end_[i] = s.entry.empty()
                    ? ix(time.size())
                    : std::lower_bound(from, time.end(), s.entry[i], later) - time.begin();
    }
  }
}

void RiskSets::make_chains() {
  const Index count = ix(stratum_end_.size());
  node_of_.resize(sz(count));
  std::iota(node_of_.begin(), node_of_.end(), Index{0});
  for (Index g = 0; g < count; ++g)
    parent_.push_back(g > 0 && stratum_end_[sz(g)] == stratum_end_[sz(g) - 1] ? g - 1 : -1);
  std::vector<Indices> nodes(sz(n_));
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (first_[i] < end_[i]) nodes[i] = {first_[i]};
  attach(nodes);
}

// Node k stands above 2 k + 1 and 2 k + 2; the last `size` ones stand for a group each.
void RiskSets::make_tree() {
  const Index count = ix(stratum_end_.size());
  Index size = 1;
  while (size < count) size *= 2;
  for (Index k = 0; k < 2 * size - 1; ++k) parent_.push_back(k > 0 ? (k - 1) / 2 : -1);
  for (Index g = 0; g < count; ++g) node_of_.push_back(size - 1 + g);
  std::vector<Indices> nodes(sz(n_));
  for (std::size_t i = 0; i < nodes.size(); ++i)
    for (Index lo = first_[i] + size, hi = end_[i] + size; lo < hi; lo /= 2, hi /= 2) {
      if (lo % 2 == 1) nodes[i].push_back(lo++ - 1);
      if (hi % 2 == 1) nodes[i].push_back(--hi - 1);
    }
  attach(nodes);
}

void RiskSets::attach(const std::vector<Indices>& nodes_of_row) {
  start_.assign(parent_.size() + 1, 0);
  for (const Indices& nodes : nodes_of_row)
    for (const Index k : nodes) ++start_[sz(k) + 1];
  std::partial_sum(start_.begin(), start_.end(), start_.begin());
  Indices next(start_.begin(), start_.end() - 1);
  attached_.resize(sz(start_.back()));
  for (std::size_t i = 0; i < nodes_of_row.size(); ++i)
    for (const Index k : nodes_of_row[i]) attached_[sz(next[sz(k)]++)] = ix(i);
}

Standing::Standing(const RiskSets& sets, std::span<const double> eta, std::span<const double> w)
    : sets_(sets),
      peak_(sz(sets.nodes()), kNobody),
      decay_(sz(sets.nodes())),
      reach_(sets.attached().size()),
      tied_(sets.tied().size()) {
  const Indices& rows = sets.attached();
  for (Index k = 0; k < sets.nodes(); ++k) {
    const double above = sets.parent(k) >= 0 ? peak_[sz(sets.parent(k))] : kNobody;
    double& peak = peak_[sz(k)] = above;
    const auto [lo, hi] = sets.at(k);
    for (Index a = lo; a < hi; ++a)
      if (const std::size_t i = sz(rows[sz(a)]); w[i] > 0) peak = std::max(peak, eta[i]);
    decay_[sz(k)] = above > kNobody ? std::exp(above - peak) : 0.0;
    for (Index a = lo; a < hi; ++a)
      if (const std::size_t i = sz(rows[sz(a)]); w[i] > 0) reach_[sz(a)] = std::exp(eta[i] - peak);
  }
  for (Index g = 0; g < sets.groups(); ++g)
    for (auto [a, hi] = sets.events(g); a < hi; ++a)
      if (const std::size_t i = sz(sets.tied()[sz(a)]); w[i] > 0)
        tied_[sz(a)] = std::exp(eta[i] - peak(g));
}

Vec Standing::cover(std::span<const double> f) const {
  const Indices& rows = sets_.attached();
  Vec sum(sz(sets_.nodes()));
  for (Index k = 0; k < sets_.nodes(); ++k) {
    double total = sets_.parent(k) >= 0 ? sum[sz(sets_.parent(k))] * decay_[sz(k)] : 0.0;
    for (auto [a, hi] = sets_.at(k); a < hi; ++a) total += reach_[sz(a)] * f[sz(rows[sz(a)])];
    sum[sz(k)] = total;
  }
  Vec out(sz(sets_.groups()));
  for (Index g = 0; g < sets_.groups(); ++g) out[sz(g)] = sum[sz(sets_.node_of(g))];
  return out;
}

void Standing::collect(const Vec& a, double* out) const {
  const Indices& rows = sets_.attached();
  Vec sum(sz(sets_.nodes()));
  for (Index g = 0; g < sets_.groups(); ++g) sum[sz(sets_.node_of(g))] = a[sz(g)];
  for (Index k = sets_.nodes() - 1; k >= 0; --k) {
    for (auto [place, hi] = sets_.at(k); place < hi; ++place)
      out[rows[sz(place)]] += reach_[sz(place)] * sum[sz(k)];
    if (sets_.parent(k) >= 0) sum[sz(sets_.parent(k))] += sum[sz(k)] * decay_[sz(k)];
  }
}

}  // namespace excise
