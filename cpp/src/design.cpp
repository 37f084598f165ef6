#include "excise/design/design.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "excise/base/kernels.hpp"
#include "excise/design/pack.hpp"

namespace excise {
namespace {

// Columns of n rows that are gathered together: a few megabytes
Index columns_at_once(Index n) {
  constexpr Index kNumbers = Index{1} << 19, kMost = 64;
  return std::clamp<Index>(kNumbers / n, 1, kMost);
}

Indices run_of(Index begin, Index end) {
  Indices out(sz(end - begin));
  std::iota(out.begin(), out.end(), begin);
  return out;
}

// Columns at a time, for designs whose rows are dear: X'X_A is one more correlation.
void column_cross_products(const Design& z, ConstMatrix y, Matrix gram, Matrix zy,
                           const Context& context) {
  const Index n = z.rows(), p = z.cols(), width = columns_at_once(n);
  z.correlate(y, zy, context);
  Vec packed(sz(n * std::min(width, p)));
  for (Index lo = 0; lo < p; lo += width) {
    const Indices some = run_of(lo, std::min(p, lo + width));
    const Index k = ix(some.size());
    z.gather(some, Matrix(packed.data(), n, k));
    z.correlate(ConstMatrix(packed.data(), n, k), Matrix(gram.column(lo), p, k, gram.stride),
                context);
  }
}

}  // namespace

void Moments::set(Index j, const RunningMoments& column, double total) {
  const auto [sum, squares, low, high] = column.sums;
  const double shift = sum / total;
  const bool constant = low == high && std::isfinite(sum);  // comparisons pass over NaN
  min[sz(j)] = column.pilot + low;
  max[sz(j)] = column.pilot + high;
  mean[sz(j)] = constant ? min[sz(j)] : column.pilot + shift;
  mean_rest[sz(j)] = constant ? 0.0 : (column.pilot - mean[sz(j)]) + shift;
  variance[sz(j)] = constant ? 0.0 : std::max(0.0, squares / total - shift * shift);
}

void Moments::find_not_finite() {
  for (Index j = ix(mean.size()) - 1; j >= 0; --j) {
    const bool usable = std::isfinite(mean[sz(j)]) && std::max(-min[sz(j)], max[sz(j)]) < kLargest;
    if (!usable) not_finite = j;
  }
}

Index Moments::unsquarable() const {
  for (std::size_t j = 0; j < mean.size(); ++j)
    if (min[j] < max[j] && !(variance[j] > 0 && std::isfinite(variance[j]))) return ix(j);
  return -1;
}

Index first_weighted(std::span<const double> weights) {
  Index i = 0;
  while (i + 1 < ix(weights.size()) && !(weights[sz(i)] > 0)) ++i;
  return i;
}

Moments Design::moments(std::span<const double> weights, const Context& context) const {
  const Index n = rows(), p = cols(), width = columns_at_once(n);
  Moments m(p);
  Vec packed(sz(n * std::min(width, p)));
  for (Index lo = 0; lo < p; lo += width) {
    const Indices some = run_of(lo, std::min(p, lo + width));
    const Matrix block(packed.data(), n, ix(some.size()));
    gather(some, block);
    for (const Index j : some) {
      const double* column = block.column(j - lo);
      RunningMoments running{column[sz(first_weighted(weights))]};
      kernels().moments_f64(column, n, running.pilot, weights.empty() ? nullptr : weights.data(),
                            running.sums);
      m.set(j, running, weights.empty() ? static_cast<double>(n) : 1.0);
    }
    context.poll();
  }
  m.find_not_finite();
  return m;
}

void Pack::weighted_gram(std::span<const double> h, Index first, Matrix g,
                         const Context& context) const {
  const auto multiply = [h](double* v) {
    for (std::size_t i = 0; i < h.size(); ++i) v[i] *= h[i];
  };
  bent_gram({multiply}, first, g, context);
}

void Pack::bent_gram(const Bends& h, Index first, Matrix g, const Context& context) const {
  const Index n = rows(), width = columns_at_once(n);
  constexpr double kMinusOne = -1.0;
  Vec packed(sz(n * std::min(width, g.cols)));
  for (Index lo = 0; lo < g.cols; lo += width) {
    const Index count = std::min(width, g.cols - lo);
    std::fill(packed.begin(), packed.end(), 0.0);
    for (Index k = 0; k < count; ++k) {
      const Index column = first + lo + k;
      double* const v = packed.data() + k * n;
      subtract(std::span(&column, 1), &kMinusOne, v, kAlone);
      h.multiply(v);
    }
    correlate(0, ConstMatrix(packed.data(), n, count),
              Matrix(g.column(lo), g.rows, count, g.stride), context);
    context.poll();
  }
}

void Pack::sweep(std::span<const Index> columns, const double* b, double* v,
                 const std::function<void(Index, Index)>& turn, bool, const double* r, double* c,
                 const Context& context) const {
  Vec minus(columns.size());
  for (std::size_t k = 0; k < minus.size(); ++k) minus[k] = -b[k];
  std::fill_n(v, rows(), 0.0);
  subtract(columns, minus.data(), v, context);
  turn(0, rows());
  correlate(0, ConstMatrix(r, rows(), 1), Matrix(c, size(), 1), context);
}

void Pack::images(std::span<const Image> some) const {
  const Index n = rows();
  Vec fitted, seen;
  for (const Image& image : some) {
    const Index count = image.moves.cols;
    fitted.assign(sz(n * count), 0.0);
    seen.resize(sz(size() * count));
    for (Index l = 0; l < count; ++l)  // minus what is wanted
      subtract(image.columns, image.moves.column(l), fitted.data() + l * n, kAlone);
    correlate(0, ConstMatrix(fitted.data(), n, count), Matrix(seen.data(), size(), count), kAlone);
    for (Index l = 0; l < count; ++l)
      for (std::size_t k = 0; k < image.columns.size(); ++k)
        image.out(ix(k), l) = -seen[sz(image.columns[k] + l * size())];
  }
}

void images_by_rows(std::span<const Image> some, const std::vector<std::vector<const double*>>& at,
                    Index n, const std::function<void(std::size_t, Index, Matrix)>& turn) {
  constexpr Index kNumbers = 32768, kLeast = 64;  // of the columns, in a few rows
  std::size_t most = 1;
  Index vectors = 0;
  for (const Image& image : some) {
    most = std::max(most, image.columns.size());
    vectors = std::max(vectors, image.moves.cols);
    for (Index l = 0; l < image.out.cols; ++l)
      std::fill_n(image.out.column(l), image.out.rows, 0.0);
  }
  const Index height = std::min(n, std::max(kLeast, kNumbers / ix(most) / 8 * 8));
  Vec room(sz(height * vectors));
  std::vector<const double*> here(most);
  for (Index begin = 0; begin < n; begin += height) {
    const Index rows = std::min(height, n - begin);
    for (std::size_t m = 0; m < some.size(); ++m) {
      const Image& image = some[m];
      const Index count = ix(image.columns.size());
      for (std::size_t k = 0; k < image.columns.size(); ++k) here[k] = at[m][k] + begin;
      const Matrix e(room.data(), rows, image.moves.cols);
      std::fill_n(room.data(), rows * e.cols, 0.0);
      for (Index l = 0; l < e.cols; ++l)
        kernels().combine(here.data(), image.moves.column(l), count, rows, e.column(l));
      if (turn) turn(m, begin, e);
      kernels().scattered_f64(here.data(), rows, count, nullptr, e.data, e.stride, e.cols,
                              image.out.data, image.out.stride);
    }
  }
}

void DensePack::images(std::span<const Image> some) const {
  std::vector<std::vector<const double*>> at(some.size());
  for (std::size_t m = 0; m < some.size(); ++m)
    for (const Index k : some[m].columns) at[m].push_back(column(k));
  images_by_rows(some, at, n_, {});
}

// v += Z_A b on some rows
void DensePack::add_to(std::span<const Index> columns, const double* b, Index begin, Index end,
                       double* v) const {
  constexpr std::size_t kTogether = 64;
  const double* chosen[kTogether];
  for (std::size_t lo = 0; lo < columns.size(); lo += kTogether) {
    const std::size_t m = std::min(kTogether, columns.size() - lo);
    for (std::size_t k = 0; k < m; ++k) chosen[k] = column(columns[lo + k]) + begin;
    kernels().combine(chosen, b + lo, ix(m), end - begin, v + begin);
  }
}

void DensePack::sweep(std::span<const Index> columns, const double* b, double* v,
                      const std::function<void(Index, Index)>& turn, bool by_rows, const double* r,
                      double* c, const Context& context) const {
  constexpr Index kRows = 256;
  if (!by_rows || n_ <= 2 * kRows) return Pack::sweep(columns, b, v, turn, by_rows, r, c, context);
  const Index tiles = (n_ + kRows - 1) / kRows;
  Vec parts(sz(tiles * size_));
  const double work = static_cast<double>(n_) * static_cast<double>(ix(columns.size()) + size_);
  parallel_for(context, n_, kRows, work, [&](Index begin, Index end) {
    std::fill(v + begin, v + end, 0.0);
    add_to(columns, b, begin, end, v);
    turn(begin, end);
    kernels().columns_f64(column(0) + begin, n_, end - begin, size_, nullptr, r + begin, n_, 1,
                          parts.data() + begin / kRows * size_, size_);
  });
  std::fill_n(c, size_, 0.0);
  for (Index tile = 0; tile < tiles; ++tile)
    kernels().axpy(1.0, parts.data() + tile * size_, c, size_);
}

// All columns at once are a sum over tiles of rows, half of it. Parts of the rows have sums of
// their own, as many as there is room for beside the columns: in them nobody waits for anybody.
void DensePack::weighted_gram(std::span<const double> h, Index first, Matrix g,
                              const Context& context) const {
  constexpr Index kTileRows = 512, kMostParts = 8;
  if (first > 0) return Pack::weighted_gram(h, first, g, context);
  if (size_ == 0) return;
  const Index m = size_, tiles = (n_ + kTileRows - 1) / kTileRows;
  const Index parts = std::clamp<Index>(std::min(tiles, 2 * n_ / m), 1, kMostParts);
  Vec others(sz((parts - 1) * m * m));
  const auto sum = [&](Index part) {
    return part == 0 ? g : Matrix(others.data() + (part - 1) * m * m, m, m);
  };
  for (Index k = 0; k < m; ++k) std::fill_n(g.column(k), m, 0.0);
  const double work = static_cast<double>(n_ * m) * static_cast<double>(m) / 2;
  parallel_for(context, parts, 1, work, [&](Index begin, Index end) {
    Vec tile(sz(std::min(kTileRows, n_) * m)), root(sz(kTileRows));
    for (Index part = begin; part < end; ++part) {
      const Index last = std::min(n_, tiles * (part + 1) / parts * kTileRows);
      for (Index lo = tiles * part / parts * kTileRows; lo < last; lo += kTileRows) {
        const Index rows = std::min(kTileRows, last - lo);
        for (Index i = 0; i < rows; ++i) root[sz(i)] = std::sqrt(h[sz(lo + i)]);
        for (Index k = 0; k < m; ++k)
          for (Index i = 0; i < rows; ++i) tile[sz(i + k * rows)] = root[sz(i)] * column(k)[lo + i];
        add_cross_products(ConstMatrix(tile.data(), rows, m), ConstMatrix(nullptr, rows, 0),
                           sum(part), Matrix(nullptr, m, 0), parts == 1 ? context : kAlone);
      }
    }
  });
  for (Index part = 1; part < parts; ++part)
    for (Index k = 0; k < m; ++k)
      kernels().axpy(1.0, sum(part).column(k) + k, g.column(k) + k, m - k);
  mirror(g);
}

std::unique_ptr<Pack> Design::pack() const { return std::make_unique<DensePack>(*this); }

void Design::predict(std::span<const Index> columns, const double* b, double* out) const {
  constexpr Index kAtOnce = 16;
  const Index n = rows();
  Vec packed(sz(n * std::min<Index>(kAtOnce, ix(columns.size()))));
  for (Index lo = 0; lo < ix(columns.size()); lo += kAtOnce) {
    const auto some = columns.subspan(sz(lo), std::min(sz(kAtOnce), columns.size() - sz(lo)));
    const Matrix block(packed.data(), n, ix(some.size()));
    gather(some, block);
    for (Index k = 0; k < block.cols; ++k) kernels().axpy(b[lo + k], block.column(k), out, n);
  }
}

void add_cross_products(ConstMatrix z, ConstMatrix y, Matrix gram, Matrix zy,
                        const Context& context) {
  constexpr Index kBlock = 64, kStep = 8;  // on the diagonal the upper triangle is left out
  const Index n = z.rows, p = z.cols;
  const auto block = [&](Index row, Index rows, Index column, Index columns) {
    kernels().columns_f64(z.column(row), z.stride, n, rows, nullptr, z.column(column), z.stride,
                          columns, &gram(row, column), gram.stride);
  };
  kernels().columns_f64(z.data, z.stride, n, p, nullptr, y.data, y.stride, y.cols, zy.data,
                        zy.stride);
  const double work = static_cast<double>(n * p) * static_cast<double>(p) / 2;
  parallel_for(context, (p + kBlock - 1) / kBlock, 1, work, [&](Index first, Index last) {
    for (Index c = first * kBlock; c < std::min(p, last * kBlock); c += kBlock) {
      const Index end = std::min(p, c + kBlock);
      for (Index s = c; s < end; s += kStep) block(s, end - s, s, std::min(kStep, end - s));
      for (Index r = end; r < p; r += kBlock) block(r, std::min(kBlock, p - r), c, end - c);
    }
  });
}

void mirror(Matrix gram) {
  for (Index j = 0; j < gram.cols; ++j)
    for (Index i = 0; i < j; ++i) gram(i, j) = gram(j, i);
}

void cross_products(const Design& z, ConstMatrix y, Matrix gram, Matrix zy,
                    const Context& context) {
  constexpr Index kTileRows = 512;
  if (!z.tiles_cheaply()) {
    column_cross_products(z, y, gram, zy, context);
    return mirror(gram);
  }
  const Index p = z.cols(), height = std::min(kTileRows, z.rows());
  Vec tile(sz(height * p));
  for (Index lo = 0; lo < z.rows(); lo += height) {
    const Index rows = std::min(height, z.rows() - lo);
    z.tile(lo, lo + rows, Matrix(tile.data(), rows, p));
    add_cross_products(ConstMatrix(tile.data(), rows, p),
                       ConstMatrix(y.data + lo, rows, y.cols, y.stride), gram, zy, context);
  }
  mirror(gram);
}

}  // namespace excise
