// The Gram matrix G of the columns that are in, with room to grow.
#pragma once

#include "excise/solve/quadratic.hpp"

namespace excise {

// Where a column comes in several outputs, G = g (x) I over runs of so many places, one for each
// output, and only g is kept: one row of it is a unit.
class ActiveGram {
 public:
  // Empties it, for runs of so many places.
  void clear(Index copies) {
    size_ = 0;
    copies_ = copies;
  }
  Index copies() const { return copies_; }
  Index units() const { return size_; }
  const double* unit(Index k) const { return g_.data() + k * stride_; }
  double diagonal(Index place) const { return unit(place / copies_)[place / copies_]; }

  // Appends columns `fresh` of the quadratic to those that are in.
  void append(const Quadratic& quadratic, std::span<const Index> active,
              std::span<const Index> fresh);
  // Places from `first` on
  void remove(Index first, Index count);

  // out = G v
  void multiply(const Vec& v, Vec& out);
  // out += a G v, v being zero but for `some`, from place `first` on
  void add(double a, Index first, std::span<const double> some, Vec& out) const;
  // The part of G in these places alone; good until the next call
  ConstMatrix block(Index first, Index count);

 private:
  void multiply_half(const Vec& v, Vec& out) const;

  Vec g_;
  Index size_ = 0, stride_ = 0, copies_ = 1;
  Vec block_, by_output_, products_;
};

// v, run after run, as one column for each output, and back
void apart(const Vec& v, Index copies, Vec& columns);
void together(const Vec& columns, Index copies, Vec& v);

}  // namespace excise
