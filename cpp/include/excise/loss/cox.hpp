// Cox's partial likelihood, of times that may be censored: rows are coupled by their risk sets.
#pragma once

#include <memory>

#include "excise/loss/loss.hpp"

namespace excise {

// Row i is at risk in (entry, time]; event is 1 where the time is that of an event, 0 where it is
// censored. No entries: at risk from the beginning. No strata: one.
struct Survival {
  Vec time, event, entry;
  Indices stratum;
};

enum class Ties : std::int8_t { Breslow, Efron };

// For a group g of d tied events with weights w, W = sum w over the group and q = w / W on it,
//   l = sum over g of mean over k of  W KL(q || p_k),  p_k ~ w c_k e^eta over the risk set of g,
// c_k = 1 - k / d for the tied rows themselves, else 1; Efron has k = 0 .. d - 1, Breslow 0 alone.
// That is minus the log partial likelihood, less its value for a model that is certain of the
// group at every event time: never negative, of degree 1 in the weights, and with Breslow's ties
// a weight of 2 is a row twice. A constant added to eta changes nothing: there is no intercept.
//
// A dual point shrunk by s is sum_g W ((1 - s) q + s p_k), and costs at most
//   sum_g mean_k  W KL((1 - s) q + s p_k || p_k).
std::shared_ptr<const Loss> make_cox(const Survival& survival, Ties ties);

}  // namespace excise
