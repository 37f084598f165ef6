// Weighted sums of a set of rows, on the standard scale of all rows: so shifted, nothing cancels.
#pragma once

#include <algorithm>

#include "excise/design/decorators.hpp"

namespace excise {

struct CrossMoments {
  double w = 0.0, y = 0.0, yy = 0.0;  // sums of w, w y, w y^2
  Vec z, zy;                          // sums of w z_j, w z_j y
  Vec zz;                             // sums of w z_i z_j, p x p

  explicit CrossMoments(Index p) : z(sz(p)), zy(sz(p)), zz(sz(p * p)) {}
  Index p() const { return ix(z.size()); }

  // this += sign * other
  void add(double sign, const CrossMoments& other) {
    w += sign * other.w;
    y += sign * other.y;
    yy += sign * other.yy;
    kernels().axpy(sign, other.z.data(), z.data(), p());
    kernels().axpy(sign, other.zy.data(), zy.data(), p());
    kernels().axpy(sign, other.zz.data(), zz.data(), p() * p());
  }
  double second(Index j) const { return zz[sz(j + j * p())]; }

  // z_j becomes z_j + slope z_m. (The constant that a centred indicator lacks is the intercept's.)
  void refill(Index j, Index m, double slope) {
    double* const column = zz.data() + j * p();
    const double* const other = zz.data() + m * p();
    const double jj = column[j] + 2 * slope * column[m] + slope * slope * other[m];
    kernels().axpy(slope, other, column, p());
    column[j] = jj;
    for (Index k = 0; k < p(); ++k) zz[sz(j + k * p())] = column[k];
    zy[sz(j)] += slope * zy[sz(m)];
    z[sz(j)] += slope * z[sz(m)];
  }

  // sum of w (y - a - z'b)^2 over the rows; b is zero off the support, zzb = sum w z z' b
  double squared_error(double a, const Indices& support, const double* b, const double* zzb) const {
    double total = yy - 2 * a * y + a * a * w;
    for (const Index j : support) total += b[j] * (zzb[j] + 2 * (a * z[sz(j)] - zy[sz(j)]));
    return std::max(total, 0.0);
  }
};

}  // namespace excise
