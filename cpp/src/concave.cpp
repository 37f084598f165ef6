#include "excise/penalty/concave.hpp"

namespace excise {
namespace {

constexpr int kHalvings = 100;  // more than a double has digits
constexpr int kNewton = 100;

// Where a rising function of a number in (low, high) is zero
template <class Function>
double root(double low, double high, Function&& rising) {
  for (int k = 0; k < kHalvings; ++k) {
    const double middle = low + 0.5 * (high - low);
    if (!(middle > low && middle < high)) break;
    (rising(middle) < 0 ? low : high) = middle;
  }
  return high;
}

// The z up to which  b^2 / 2 - z b + tax log(1 + b)  is smallest at b = 0, for tax > 1: where the
// minimum at b is zero too,  -b^2 / 2 + tax (log(1 + b) - b / (1 + b)) = 0.  To the right of its
// peak at sqrt(tax) - 1 that is concave, so that Newton's method from the right does not overshoot.
double log_jump(double tax) {
  double b = std::sqrt(2 * tax * std::log1p(2 * tax));
  for (int k = 0; k < kNewton; ++k) {
    const double part = b / (1 + b), left = -0.5 * b * b + tax * (std::log1p(b) - part);
    const double next = b - left / (tax * part / (1 + b) - b);
    if (!(next < b)) break;
    b = next;
  }
  return b + tax / (1 + b);
}

// How often b fits into the tax that makes b a minimum where zero is one as well: see Lq below
double lq_share(double q) { return (2 - q) / (2 * (1 - q)); }

}  // namespace

double ConcaveNet::fall() const {
  return 1.0 / (curve == Curve::Mcp ? shape * width : (shape - 1) * width);
}

double ConcaveNet::value(double size) const {
  switch (curve) {
    case Curve::Mcp: {
      const double b = std::min(size, reach());
      return b * (tax - 0.5 * b * fall());
    }
    case Curve::Scad: {
      const double b = std::min(size, reach()), past = std::max(0.0, b - knee());
      return tax * b - 0.5 * past * past * fall();
    }
    case Curve::Log:
      return tax * epsilon() * std::log1p(size / epsilon());
    case Curve::Lq:
      return size > 0 ? tax * std::pow(size, shape) : 0.0;
    default:
      return tax * size;
  }
}

double ConcaveNet::slope(double size) const {
  switch (curve) {
    case Curve::Mcp:
      return std::max(0.0, tax - size * fall());
    case Curve::Scad:
      return size <= knee() ? tax : std::max(0.0, (reach() - size) * fall());
    case Curve::Log:
      return tax * (epsilon() / (size + epsilon()));
    case Curve::Lq:
      return smooth() ? 0.0 : tax * shape * std::pow(size, shape - 1);
    default:
      return tax;
  }
}

int ConcaveNet::piece(double size) const {
  if (curve == Curve::Mcp) return size < reach() ? 0 : 1;
  if (curve == Curve::Scad) return size < knee() ? 0 : size < reach() ? 1 : 2;
  return 0;
}

double ConcaveNet::low(int piece) const {
  if (piece == 0) return 0.0;
  return curve == Curve::Scad && piece == 1 ? knee() : reach();
}

double ConcaveNet::high(int piece) const {
  if (curve == Curve::Mcp) return piece == 0 ? reach() : kInfinity;
  if (curve == Curve::Scad) return piece == 0 ? knee() : piece == 1 ? reach() : kInfinity;
  return kInfinity;
}

double ConcaveNet::bend(int piece, double size) const {
  if (smooth()) return 0.0;
  switch (curve) {
    case Curve::Mcp:
      return piece == 0 ? -fall() : 0.0;
    case Curve::Scad:
      return piece == 1 ? -fall() : 0.0;
    case Curve::Log: {
      const double share = epsilon() / (size + epsilon());
      return -tax * share * share / epsilon();
    }
    case Curve::Lq:
      return tax * shape * (shape - 1) * std::pow(size, shape - 2);
    default:
      return 0.0;
  }
}

bool ConcaveNet::may_jump() const {
  if (smooth()) return false;
  switch (curve) {
    case Curve::Mcp:
    case Curve::Scad:
      return fall() >= 1;
    case Curve::Log:
      return tax > epsilon();
    default:
      return curve == Curve::Lq;
  }
}

double ConcaveNet::zero_threshold() const {
  switch (curve) {
    case Curve::Mcp:  // the flat b = z is as good as zero at z^2 = tax reach()
      return tax * std::min(1.0, std::sqrt(shape * width));
    case Curve::Scad:
      return tax * std::min(1.0, std::sqrt((shape + 1) * width));
    case Curve::Log: {
      const double e = epsilon();
      return tax <= e || excluded() ? tax : e * log_jump(tax / e);
    }
    case Curve::Lq: {
      // b - z + tax q b^(q - 1) = 0 and b^2 / 2 - z b + tax b^q = 0
      // (Marjanovic and Solo, IEEE Trans. Signal Processing 60, 2012)
      const double b = std::pow(2 * tax * (1 - shape), 1 / (2 - shape));
      return b * lq_share(shape);
    }
    default:
      return tax;
  }
}

double ConcaveNet::entry(double size) const {
  const ConcaveNet one{curve, 1.0, shape, width};
  switch (curve) {
    case Curve::Mcp:
    case Curve::Scad:
      return size / one.zero_threshold();
    case Curve::Log: {
      const double e = epsilon(), ratio = size / e;
      if (ratio <= 1) return size;
      double high = 2 * ratio;
      while (log_jump(high) < ratio) high *= 2;
      return e * root(ratio, high, [&](double t) { return log_jump(t) - ratio; });
    }
    case Curve::Lq: {
      const double b = size / lq_share(shape);
      return std::pow(b, 2 - shape) / (2 * (1 - shape));
    }
    default:
      return size;
  }
}

double ConcaveNet::minimum(double z) const {
  if (smooth()) return z;
  const double size = std::abs(z);
  if (excluded() || size <= zero_threshold()) return 0.0;
  double b = size;
  if (curve == Curve::Mcp && size < reach() && fall() < 1) b = (size - tax) / (1 - fall());
  if (curve == Curve::Scad) b = scad_minimum(size);
  if (curve == Curve::Log) b = log_minimum(size);
  if (curve == Curve::Lq) b = lq_minimum(size);
  return std::copysign(b, z);
}

double ConcaveNet::scad_minimum(double z) const {
  const double soft = z - tax;
  if (fall() < 1) {
    if (soft <= knee()) return std::max(0.0, soft);
    return z >= reach() ? z : (z - tax - fall() * knee()) / (1 - fall());
  }
  const bool within = soft > 0 && soft <= knee();
  if (z < reach()) return within ? soft : 0.0;
  return within && objective(soft, z) < objective(z, z) ? soft : z;
}

// The larger root of  b^2 + (e - z) b + (tax - z) e = 0, the nearest there is
double ConcaveNet::log_minimum(double z) const {
  const double e = epsilon(), over = z - e;
  const double width_of_roots = std::sqrt(std::max(0.0, over * over + 4 * e * (z - tax)));
  if (over >= 0) return 0.5 * (over + width_of_roots);
  return std::max(0.0, 2 * e * (z - tax) / (width_of_roots - over));
}

// Newton's method from the right: b + tax q b^(q - 1) is convex, so that it does not overshoot.
double ConcaveNet::lq_minimum(double z) const {
  double b = z;
  for (int k = 0; k < kNewton; ++k) {
    const double off = b + slope(b) - z, next = b - off / (1 + bend(0, b));
    if (!(next < b)) break;
    b = next;
  }
  return b;
}

}  // namespace excise
