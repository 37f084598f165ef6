// Proximal maps that walk along a chain of numbers, exactly and in one pass.
#pragma once

#include <span>

#include "excise/base/types.hpp"

namespace excise {

// The falling sequence x1 >= x2 >= ... nearest to v: neighbours that rise are pooled to their mean
// (Barlow et al. 1972), each number once, each merge once. Pools are exactly equal numbers.
Vec falling_fit(std::span<const double> v);

// The b that minimises |b - v|^2 / 2 + strength * sum_j |b_{j+1} - b_j|, by dynamic programming on
// the derivative of the cost so far, which is piecewise linear and kept between -strength and
// strength (Johnson, JCGS 22, 2013). Neighbours that fuse are exactly equal.
Vec total_variation(std::span<const double> v, double strength);

// B'GB for G = A'WA in rows of `width` numbers: what moves together is summed with its signs.
// Feature place[i] of G follows number owner[i] < count with sign[i]. Shape (count, count), by
// rows.
Vec face_gram(std::span<const double> gram, std::size_t width, std::span<const Index> place,
              std::span<const Index> owner, std::span<const double> sign, std::size_t count);

}  // namespace excise
