// Goes along a path from one change of its support to the next.
#pragma once

#include <functional>

#include "excise/path/path.hpp"
#include "excise/solve/active_set.hpp"

namespace excise {

// What walks: the problem on some columns. `homotopy`: where the next event is known, else null.
struct Walker {
  std::function<void(double)> solve;
  std::function<const Vec&()> coefficients;
  std::function<bool(Index)> taxed;
  // |correlation| - tax of a column at rest at alpha; 0: not known
  std::function<double(Index, double)> over_tax;
  ActiveSet* homotopy;
};
Walker walker(ActiveSet& solver);

// A solution, as far as its support goes.
struct Stand {
  double alpha = 0;
  std::vector<int> signs;
  // What taxed columns have, |b| > 0, or lack, |c| - tax <= 0; and a 0 behind the last one
  Vec margins;
};

// Events have the walker's own column numbers.
class Walk {
 public:
  // `first`: the alpha at which the first feature enters, above which none is in
  Walk(Walker walker, double first, double noise, const Context& context);

  double first() const { return first_; }
  Stand stand(double alpha);
  // Where a path begins: before anything has entered
  Stand start();
  // From a stand past the next event, or to `last`; the solver is there then.
  Stand next(const Stand& high, double last, std::vector<Event>& events);
  // The same all the way to `last`, by a grid where the next event is not known; `visit` is told of
  // every alpha that is solved.
  std::vector<Event> all(double last, const std::function<void(double)>& visit);
  // For other columns: the solver has more of them, or fewer.
  void become(std::size_t columns) { columns_ = columns; }

 private:
  std::vector<Event> follow(double last);
  std::vector<Event> curves(double last);
  std::vector<int> signs() const;
  Stand first_turn(Stand high, Stand low);

  Walker walker_;
  std::size_t columns_;
  double first_, noise_;
  const Context& context_;
  std::function<void(double)> visit_ = [](double) {};
  int budget_ = 0;
  double past_ = 1.0, least_;  // how far past an event the support is read
  std::size_t steps_ = 0;
};

}  // namespace excise
