#include "excise/path/cells.hpp"

#include <algorithm>
#include <map>

namespace excise {
namespace {

constexpr Index kTileRows = 4096;
constexpr Index kRead = 256;  // rows read at a time
constexpr Index kPad = 8;     // the kernels work on so many rows at once: rows of zeros fill up

// A tile of rows, sorted by cell, each cell's rows followed by zeros up to a multiple of kPad.
class SortedTile {
 public:
  SortedTile(const StandardProblem& problem, const Cells& cells, Index height)
      : problem_(problem),
        cells_(cells),
        p_(problem.design->cols()),
        capacity_(height + kPad * std::min(cells.count(), height)),
        read_(sz(std::min(kRead, height) * p_)),
        z_(sz(capacity_ * p_)),
        y_(sz(2 * capacity_)),
        first_(sz(cells.count() + 1)),
        place_(sz(height)) {}

  void fill(Index lo, Index rows, const Context& context) {
    lay_out(lo, rows);
    std::fill(y_.begin(), y_.end(), 0.0);
    for (Index i = 0; i < rows; ++i) {
      y_[sz(place_[sz(i)])] = problem_.y[sz(lo + i)];
      y_[sz(place_[sz(i)] + capacity_)] = problem_.root[sz(lo + i)];
    }
    for (Index start = 0; start < rows; start += kRead) {
      const Index count = std::min(kRead, rows - start);
      problem_.design->tile(lo + start, lo + start + count, Matrix(read_.data(), count, p_));
      parallel_for(context, p_, 64, static_cast<double>(count * p_), [&](Index begin, Index end) {
        for (Index j = begin; j < end; ++j) {
          double* const target = z_.data() + j * capacity_;
          if (start == 0) std::fill_n(target, capacity_, 0.0);
          for (Index i = 0; i < count; ++i)
            target[place_[sz(start + i)]] = read_[sz(i + j * count)];
        }
      });
    }
  }
  Index first(Index cell) const { return first_[sz(cell)]; }
  Index size(Index cell) const { return first_[sz(cell + 1)] - first_[sz(cell)]; }
  ConstMatrix z(Index cell) const { return {z_.data() + first(cell), size(cell), p_, capacity_}; }
  ConstMatrix y(Index cell) const { return {y_.data() + first(cell), size(cell), 2, capacity_}; }

 private:
  void lay_out(Index lo, Index rows) {
    std::fill(first_.begin(), first_.end(), 0);
    const auto cell = [&](Index i) { return sz(cells_.of_row[sz(lo + i)]); };
    for (Index i = 0; i < rows; ++i) ++first_[cell(i) + 1];
    for (std::size_t c = 1; c < first_.size(); ++c)
      first_[c] = first_[c - 1] + (first_[c] + kPad - 1) / kPad * kPad;
    Indices next(first_.begin(), first_.end() - 1);
    for (Index i = 0; i < rows; ++i) place_[sz(i)] = next[cell(i)]++;
  }

  const StandardProblem& problem_;
  const Cells& cells_;
  Index p_, capacity_;
  Vec read_, z_, y_;  // y and the square roots of the weights, one after the other
  Indices first_, place_;
};

}  // namespace

Cells::Cells(const Folds& folds) {
  const std::size_t n = folds.role.front().size();
  std::map<std::vector<Role>, Index> seen;
  of_row.resize(n);
  std::vector<Role> pattern(folds.role.size());
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t f = 0; f < pattern.size(); ++f) pattern[f] = folds.role[f][i];
    const auto [at, is_new] = seen.try_emplace(pattern, ix(role.size()));
    if (is_new) role.push_back(pattern);
    of_row[i] = at->second;
  }
}

std::vector<CrossMoments> cell_moments(const StandardProblem& problem, const Cells& cells,
                                       const Context& context) {
  const Index n = problem.design->rows(), p = problem.design->cols();
  const Index height = std::min(kTileRows, n);
  std::vector<CrossMoments> out(sz(cells.count()), CrossMoments(p));
  SortedTile tile(problem, cells, height);
  Vec sums(sz(2 * p));
  for (Index lo = 0; lo < n; lo += height) {
    tile.fill(lo, std::min(height, n - lo), context);
    for (Index c = 0; c < cells.count(); ++c) {
      if (tile.size(c) == 0) continue;
      CrossMoments& moments = out[sz(c)];
      const ConstMatrix y = tile.y(c);
      std::fill(sums.begin(), sums.end(), 0.0);
      add_cross_products(tile.z(c), y, Matrix(moments.zz.data(), p, p), Matrix(sums.data(), p, 2),
                         context);
      kernels().axpy(1.0, sums.data(), moments.zy.data(), p);
      kernels().axpy(1.0, sums.data() + p, moments.z.data(), p);
      moments.w += kernels().dot(y.column(1), y.column(1), y.rows);
      moments.y += kernels().dot(y.column(0), y.column(1), y.rows);
      moments.yy += kernels().dot(y.column(0), y.column(0), y.rows);
    }
  }
  for (CrossMoments& moments : out) mirror(Matrix(moments.zz.data(), p, p));
  return out;
}

}  // namespace excise
