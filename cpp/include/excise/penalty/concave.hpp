// Concave penalties of one column of unit length, at the tax that its coefficient pays first:
//   MCP     tax |b| - b^2 / (2 m), constant from |b| = m tax on,       m = shape width
//           (Zhang, Annals of Statistics 38, 2010)
//   SCAD    tax |b| up to width tax; then the slope falls by 1 / ((shape - 1) width), to zero at
//           shape width tax (Fan and Li, JASA 96, 2001)
//   log     tax e log(1 + |b| / e),                                    e = shape width
//   L_q     tax |b|^q,                                                 q = shape < 1
// `width` is what the scale of a column makes of a shape: 1 if the penalty is stated per standard
// deviation and in units of the target. Formulas take |b|, and a sign comes back with its argument.
#pragma once

#include "excise/penalty/elastic_net.hpp"

namespace excise {

enum class Curve : std::int8_t { None, Mcp, Scad, Log, Lq };

struct ConcaveShape {
  Curve curve = Curve::None;
  double shape = 0.0;

  explicit operator bool() const { return curve != Curve::None; }
  // Whether the curvature changes within a piece
  bool bends_within() const { return curve == Curve::Log || curve == Curve::Lq; }
  // Whether the tax is in proportion to what a zero may earn
  bool proportional() const { return curve == Curve::Mcp || curve == Curve::Scad; }
};

struct ConcaveNet {
  Curve curve;
  double tax, shape, width;

  bool excluded() const { return tax == kInfinity; }
  bool smooth() const { return tax == 0; }  // no kink at zero: never excised by the tax

  double value(double size) const;
  double slope(double size) const;

  // The pieces between which the curvature jumps, from zero on
  int piece(double size) const;
  double low(int piece) const;
  double high(int piece) const;
  // The second derivative, never positive
  double bend(int piece, double size) const;
  // Whether b^2 / 2 + Omega(b) has more than one minimum for some slope at zero
  bool may_jump() const;

  // argmin over b of b^2 / 2 - z b + Omega(b), the column by itself
  double minimum(double z) const;
  // That is zero up to this |z| ...
  double zero_threshold() const;
  // ... and this tax makes it zero for |z| = size.
  double entry(double size) const;

  // Whether that is surely so: cheap, where the threshold is not
  bool surely_zero(double size) const {
    if (curve != Curve::Log || tax <= epsilon()) return size <= zero_threshold();
    return size <= 2 * std::sqrt(tax * epsilon()) - epsilon();
  }

  // Distance of c from the optimality condition at b; at zero from what zero_threshold() says
  double violation(double b, double c) const {
    if (excluded()) return 0.0;
    if (smooth()) return std::abs(c);
    if (b == 0)
      return surely_zero(std::abs(c)) ? 0.0 : std::max(0.0, std::abs(c) - zero_threshold());
    return std::abs(c - std::copysign(slope(std::abs(b)), b));
  }

 private:
  double knee() const { return width * tax; }           // of SCAD: where its slope begins to fall
  double reach() const { return shape * width * tax; }  // where MCP and SCAD are flat from
  double epsilon() const { return shape * width; }
  double fall() const;  // of MCP and SCAD: how fast the slope falls
  double objective(double b, double z) const {
    return 0.5 * b * b - z * b + (smooth() ? 0.0 : value(b));
  }
  double scad_minimum(double z) const;
  double log_minimum(double z) const;
  double lq_minimum(double z) const;
};

}  // namespace excise
