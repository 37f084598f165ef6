// Who is at risk when: sums over risk sets, and over the risk sets of a row, by additions alone.
//
// Events tied in a stratum are a group, groups go by stratum and falling time, and row i is at risk
// for a range of them. Nodes of a forest stand for ranges of groups: a row is attached to nodes
// that make up its range, and the risk set of a group is what is attached on the way from its node
// up to the root. Where all rows are at risk from the beginning the groups themselves are the
// nodes, each below the one before, and a row is attached to one; else the nodes are those of a
// binary tree. Nothing is subtracted, so nothing cancels.
#pragma once

#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "excise/loss/cox.hpp"

namespace excise {

class RiskSets {
 public:
  explicit RiskSets(const Survival& survival);

  Index rows() const { return n_; }
  Index nodes() const { return ix(parent_.size()); }
  Index groups() const { return ix(node_of_.size()); }
  Index parent(Index node) const { return parent_[sz(node)]; }  // a smaller number, or -1
  Index node_of(Index group) const { return node_of_[sz(group)]; }
  // Places in attached(): who is attached to this node
  std::pair<Index, Index> at(Index node) const { return {start_[sz(node)], start_[sz(node) + 1]}; }
  const Indices& attached() const { return attached_; }
  // Places in tied(): the events of this group
  std::pair<Index, Index> events(Index group) const {
    return {tied_start_[sz(group)], tied_start_[sz(group) + 1]};
  }
  const Indices& tied() const { return tied_; }

 private:
  void make_groups(const Survival& survival);
  void make_chains();
  void make_tree();
  void attach(const std::vector<Indices>& nodes_of_row);

  Index n_;
  Indices parent_, node_of_, start_{0}, attached_, tied_start_{0}, tied_;
  Indices first_, end_;  // of a row: the groups that it is at risk for
  Indices stratum_end_;  // of a group: where its stratum ends
};

// e^eta at one eta, as sums over risk sets need it: every number is relative to the largest e^eta
// on the way to its node, so that nothing overflows and no risk set vanishes, however wide eta is.
class Standing {
 public:
  // Rows without weight are left out.
  Standing(const RiskSets& sets, std::span<const double> eta, std::span<const double> w);

  const RiskSets& sets() const { return sets_; }
  double peak(Index group) const { return peak_[sz(sets_.node_of(group))]; }
  // e^(eta - peak) of an event, by its place in tied()
  double tied(Index place) const { return tied_[sz(place)]; }

  // Of every group: the sum of e^(eta - peak) f over its risk set
  Vec cover(std::span<const double> f) const;
  // Adds to out_i the sum of a e^(eta_i - peak) over the groups that row i is at risk for.
  void collect(const Vec& a, double* out) const;

 private:
  const RiskSets& sets_;
  Vec peak_, decay_;  // of a node; e^(peak of the parent - peak)
  Vec reach_, tied_;  // e^(eta - peak) of who is attached, of events
};

}  // namespace excise
