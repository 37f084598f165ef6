#include "excise/loss/cox.hpp"

#include <algorithm>
#include <cmath>

#include "excise/loss/risk_sets.hpp"

namespace excise {
namespace {

constexpr Index kManyTied = 50;  // events at one time, beyond which a bound replaces a double sum

// (1 + x) log(1 + x) - x, for x >= -1
double spread(double x) { return x > -1 ? (1 + x) * std::log1p(x) - x : 1.0; }

// The events of one time: their sums, and the terms that they make.
struct Group {
  double weight = 0.0;  // W; 0: nobody counts
  Index count = 0;
  double all = 0.0, tied = 0.0;  // sums of w e^(eta - peak) over the risk set, and over the events
};

// What is known at one eta.
class Moment {
 public:
  Moment(const RiskSets& sets, Ties ties, std::span<const double> eta, std::span<const double> w)
      : standing_(sets, eta, w), ties_(ties), groups_(sz(sets.groups())) {
    const Vec all = standing_.cover(w);
    for (Index g = 0; g < sets.groups(); ++g) {
      Group& group = groups_[sz(g)];
      group.all = all[sz(g)];
      for (auto [a, hi] = sets.events(g); a < hi; ++a) {
        const double weight = w[sz(sets.tied()[sz(a)])];
        group.weight += weight;
        group.count += weight > 0;
        group.tied += weight * standing_.tied(a);
      }
    }
  }

  const Standing& standing() const { return standing_; }
  const Group& group(Index g) const { return groups_[sz(g)]; }

  // body(sum of w c e^(eta - peak), 1 - c, weight) for every k; nobody counts, no term
  template <class Body>
  void terms(Index g, Body&& body) const {
    const Group& group = groups_[sz(g)];
    const Index count = ties_ == Ties::Efron ? group.count : std::min<Index>(group.count, 1);
    for (Index k = 0; k < count; ++k) {
      const double off = static_cast<double>(k) / static_cast<double>(count);
      body(group.all - off * group.tied, off, group.weight / static_cast<double>(count));
    }
  }

 private:
  Standing standing_;
  Ties ties_;
  std::vector<Group> groups_;
};

// K: what of H is not diagonal. The terms of a group are of rank one, their sum of rank two.
class RiskCoupling final : public Coupling {
 public:
  RiskCoupling(Moment moment, std::span<const double> w)
      : moment_(std::move(moment)), root_(w.begin(), w.end()) {
    for (double& r : root_) r = std::sqrt(r);
    for (Index g = 0; g < moment_.standing().sets().groups(); ++g) {
      Product p;
      moment_.terms(g, [&p](double sum, double off, double weight) {
        const double one = weight / sum / sum;
        p.all += one;
        p.mixed += off * one;
        p.tied += off * off * one;
      });
      products_.push_back(p);
    }
  }

  void subtract(const double* v, double* out) const override {
    const Standing& standing = moment_.standing();
    const RiskSets& sets = standing.sets();
    Vec scaled(root_.size()), tied(sz(sets.groups()));
    for (std::size_t i = 0; i < scaled.size(); ++i) scaled[i] = root_[i] * v[i];
    Vec all = standing.cover(scaled);
    for (Index g = 0; g < sets.groups(); ++g) {
      const auto [lo, hi] = sets.events(g);
      double some = 0.0;
      for (Index a = lo; a < hi; ++a) some += standing.tied(a) * scaled[sz(sets.tied()[sz(a)])];
      const Product& p = products_[sz(g)];
      tied[sz(g)] = p.mixed * all[sz(g)] - p.tied * some;
      all[sz(g)] = p.all * all[sz(g)] - p.mixed * some;
    }
    std::fill(scaled.begin(), scaled.end(), 0.0);
    standing.collect(all, scaled.data());
    for (Index g = 0; g < sets.groups(); ++g)
      for (auto [a, hi] = sets.events(g); a < hi; ++a)
        scaled[sz(sets.tied()[sz(a)])] -= standing.tied(a) * tied[sz(g)];
    for (std::size_t i = 0; i < scaled.size(); ++i) out[i] -= root_[i] * scaled[i];
  }

 private:
  struct Product {
    double all = 0.0, mixed = 0.0, tied = 0.0;
  };
  Moment moment_;
  Vec root_;
  std::vector<Product> products_;
};

class CoxLoss final : public Loss {
 public:
  CoxLoss(std::shared_ptr<const RiskSets> sets, Vec event, Ties ties, Vec w = {})
      : sets_(std::move(sets)), event_(std::move(event)), weight_(std::move(w)), ties_(ties) {}

  std::unique_ptr<Loss> begin(std::span<const double>, std::span<const double> w) const override {
    return std::make_unique<CoxLoss>(sets_, event_, ties_, Vec(w.begin(), w.end()));
  }

  double value(std::span<const double>, std::span<const double> eta,
               std::span<const double> w) const override {
    const Moment moment(*sets_, ties_, eta, w);
    double total = 0.0;
    for (Index g = 0; g < sets_->groups(); ++g) {
      const double weight = moment.group(g).weight;
      moment.terms(g, [&](double sum, double off, double share) {
        total += share * std::log(sum / (weight * (1 - off)));
      });
      total += behind(moment, g, eta, w);
    }
    return std::max(total, 0.0);
  }

  std::shared_ptr<const Coupling> expand(std::span<const double>, std::span<const double> eta,
                                         double* slope, double* bend, double* cap) const override {
    Moment moment(*sets_, ties_, eta, weight_);
    hazards(moment, bend);
    for (std::size_t i = 0; i < event_.size(); ++i) {
      slope[i] = weight_[i] > 0 ? bend[i] - event_[i] : 0.0;
      cap[i] = bend[i];
    }
    return std::make_shared<RiskCoupling>(std::move(moment), weight_);
  }

  double shrunk_gap(std::span<const double>, std::span<const double> eta, std::span<const double>,
                    std::span<const double> w, double s) const override {
    const Moment moment(*sets_, ties_, eta, w);
    double total = 0.0;
    for (Index g = 0; g < sets_->groups(); ++g) total += shrunk_gap(moment, g, eta, w, s);
    return total;
  }

  double square_size(std::span<const double>, std::span<const double> eta,
                     std::span<const double> w) const override {
    Vec hazard(eta.size());
    hazards(Moment(*sets_, ties_, eta, w), hazard.data());
    double total = 0.0;
    for (std::size_t i = 0; i < eta.size(); ++i) {
      const double size = (hazard[i] + event_[i]) * (1 + std::abs(eta[i]));
      if (w[i] > 0) total += w[i] * size * size;
    }
    return total;
  }
  double link(double) const override { return 0.0; }
  double longest_step() const override { return 1e3; }
  bool bends() const override { return true; }
  bool couples_rows() const override { return true; }
  bool has_intercept() const override { return false; }

 private:
  // sum of w (peak - eta) over the events of a group
  double behind(const Moment& moment, Index g, std::span<const double> eta,
                std::span<const double> w) const {
    double total = 0.0;
    for (auto [a, hi] = sets_->events(g); a < hi; ++a)
      if (const std::size_t i = sz(sets_->tied()[sz(a)]); w[i] > 0)
        total += w[i] * (moment.standing().peak(g) - eta[i]);
    return total;
  }

  // Of every row: e^eta times the sum of 1 / (sum of w e^eta) over the events it was at risk for,
  // which is what a slope has beside the event, and the diagonal of H
  void hazards(const Moment& moment, double* out) const {
    const Standing& standing = moment.standing();
    Vec all(sz(sets_->groups())), tied(all);
    for (Index g = 0; g < sets_->groups(); ++g)
      moment.terms(g, [&](double sum, double off, double weight) {
        all[sz(g)] += weight / sum;
        tied[sz(g)] += off * weight / sum;
      });
    std::fill_n(out, event_.size(), 0.0);
    standing.collect(all, out);
    for (Index g = 0; g < sets_->groups(); ++g)
      for (auto [a, hi] = sets_->events(g); a < hi; ++a) {
        double& hazard = out[sets_->tied()[sz(a)]];
        hazard = std::max(0.0, hazard - standing.tied(a) * tied[sz(g)]);
      }
  }

  // The cost of a group: sum_k of W KL(p' || p_k) for p' = (1 - s) q + s p_k; of many tied events a
  // bound by convexity, or by the chi-square distance, whichever is smaller.
  double shrunk_gap(const Moment& moment, Index g, std::span<const double> eta,
                    std::span<const double> w, double s) const {
    const Group& group = moment.group(g);
    if (ties_ == Ties::Efron && group.count > kManyTied) return many_gap(moment, g, eta, w, s);
    double total = 0.0;
    moment.terms(g, [&](double sum, double off, double weight) {
      double cost = 0.0, rest = 1.0;
      for (auto [a, hi] = sets_->events(g); a < hi; ++a) {
        const std::size_t i = sz(sets_->tied()[sz(a)]);
        if (!(w[i] > 0)) continue;
        const double c = w[i] * (1 - off), p = c * moment.standing().tied(a) / sum;
        const double q = w[i] / group.weight, more = (1 - s) * (q - p), moved = p + more;
        rest -= p;
        if (more > p)
          cost += moved * (std::log(moved * sum / c) - (eta[i] - moment.standing().peak(g))) - more;
        else if (p > 0)
          cost += p * spread(more / p);
      }
      total += weight * std::max(0.0, cost + std::max(0.0, rest) * spread(s - 1));
    });
    return total;
  }

  double many_gap(const Moment& moment, Index g, std::span<const double> eta,
                  std::span<const double> w, double s) const {
    const double all = moment.group(g).weight, mean = behind(moment, g, eta, w) / all;
    double inverse = 0.0, total = 0.0;
    for (auto [a, hi] = sets_->events(g); a < hi; ++a)
      if (const double weight = w[sz(sets_->tied()[sz(a)])]; weight > 0)
        inverse += weight / moment.standing().tied(a);
    moment.terms(g, [&](double sum, double off, double weight) {
      const double ratio = sum / (all * (1 - off));
      const double straight = (1 - s) * (std::log(ratio) + mean);
      const double square = (1 - s) * (1 - s) * (ratio * inverse / all - 1);
      total += weight * std::max(0.0, std::min(straight, square));
    });
    return total;
  }

  std::shared_ptr<const RiskSets> sets_;
  Vec event_, weight_;
  Ties ties_;
};

}  // namespace

std::shared_ptr<const Loss> make_cox(const Survival& survival, Ties ties) {
  return std::make_shared<CoxLoss>(std::make_shared<RiskSets>(survival), survival.event, ties);
}

}  // namespace excise
