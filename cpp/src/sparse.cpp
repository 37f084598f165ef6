#include "excise/design/sparse.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <string>

namespace excise {
namespace {

constexpr double kWork = 4.0;  // an entry costs about as much as this many dense multiply-adds
constexpr Index kColumnGrain = 2048;
constexpr Index kPerRange = 16;  // entries of a row in a range of columns, on average, at least
constexpr Index kMostRanges = 16;
constexpr Index kShared = 1 << 18;  // entries that are worth two ranges, for two threads

[[noreturn]] void corrupt(const std::string& what) {
  throw std::invalid_argument("corrupt sparse structure: " + what);
}

// R for K right-hand sides with the K numbers of a row side by side: an entry of X then meets one
// line of memory, not K.
template <int K>
Vec side_by_side(ConstMatrix r, Index first) {
  Vec out(sz(r.rows * K));
  for (int l = 0; l < K; ++l) {
    const double* column = r.column(first + l);
    for (Index i = 0; i < r.rows; ++i) out[sz(i * K + l)] = column[i];
  }
  return out;
}

// body<K>(first, r) for all right-hand sides, as many at a time as vectors hold
template <class Body>
void in_groups(ConstMatrix r, Body&& body) {
  Index l = 0;
  for (; l + 8 <= r.cols; l += 8) body.template operator()<8>(l, side_by_side<8>(r, l).data());
  for (; l + 4 <= r.cols; l += 4) body.template operator()<4>(l, side_by_side<4>(r, l).data());
  for (; l + 2 <= r.cols; l += 2) body.template operator()<2>(l, side_by_side<2>(r, l).data());
  for (; l < r.cols; ++l) body.template operator()<1>(l, r.column(l));
}

// sum over entries of x * R(row, l), l < K
template <int K, class T, class I>
inline void dots(const T* x, const I* row, Index begin, Index end, const double* r, double* sums) {
  double even[std::size_t{K}] = {}, odd[std::size_t{K}] = {};  // two chains of additions, for speed
  Index e = begin;
  for (; e + 2 <= end; e += 2) {
    const double x0 = static_cast<double>(x[e]), x1 = static_cast<double>(x[e + 1]);
    const double *r0 = r + static_cast<Index>(row[e]) * K,
                 *r1 = r + static_cast<Index>(row[e + 1]) * K;
    for (int l = 0; l < K; ++l) {
      even[l] += x0 * r0[l];
      odd[l] += x1 * r1[l];
    }
  }
  if (e < end)
    for (int l = 0; l < K; ++l)
      even[l] += static_cast<double>(x[e]) * r[static_cast<Index>(row[e]) * K + l];
  for (int l = 0; l < K; ++l) sums[l] = even[l] + odd[l];
}

// What moments need to know of the rows: their weights and how many count.
struct RowWeights {
  std::span<const double> weights;
  double each, total;  // the weight of a row where all weigh the same; the sum of all
  Index count;         // rows with weight

  RowWeights(std::span<const double> w, Index n)
      : weights(w), each(1.0 / static_cast<double>(n)), total(0.0), count(n) {
    if (w.empty()) {
      total = 1.0;
      return;
    }
    count = std::count_if(w.begin(), w.end(), [](double v) { return v > 0; });
    for (const double v : w) total += v;
  }
  double operator()(Index i) const { return weights.empty() ? each : weights[sz(i)]; }
};

// Moments of a column from its entries, in two readings: the mean comes first, so that squares are
// taken about it and nothing cancels. Zeros that are not stored are put in once, with their weight.
struct ColumnMoments {
  double sum = 0.0, weight = 0.0;  // of the entries
  Index count = 0;                 // entries in rows with weight
  RunningMoments about;

  void first(double w, double x) {
    if (!(w > 0)) return;
    sum += w * x;
    weight += w;
    ++count;
  }
  void between(const RowWeights& rows) {
    about.pilot = sum / rows.total;
    if (count < rows.count) add(std::max(0.0, rows.total - weight), 0.0);
  }
  void second(double w, double x) {
    if (w > 0) add(w, x);
  }

 private:
  void add(double w, double x) {
    const double d = x - about.pilot;
    about.sums[0] += w * d;
    about.sums[1] += w * d * d;
    about.sums[2] = std::min(about.sums[2], d);
    about.sums[3] = std::max(about.sums[3], d);
  }
};

}  // namespace

template <class I>
bool is_canonical(const I* minor, Index n_minor, Index n_values, const Indices& starts, Index n,
                  Index p, bool by_rows) {
  const Index major = by_rows ? n : p, limit = by_rows ? p : n;
  const std::string line = by_rows ? "row " : "column ", other = by_rows ? "column" : "row";
  if (major < 0 || limit < 0) corrupt("the shape is negative");
  if (ix(starts.size()) != major + 1)
    corrupt("indptr has " + std::to_string(starts.size()) + " numbers for " +
            std::to_string(major) + " " + line + "offsets and an end");
  if (starts[0] != 0) corrupt("indptr begins with " + std::to_string(starts[0]) + ", not with 0");
  const Index most = std::min(n_values, n_minor);
  bool canonical = true;
  for (Index k = 0; k < major; ++k) {
    const Index begin = starts[sz(k)], end = starts[sz(k + 1)];
    if (end < begin) corrupt("indptr falls after " + line + std::to_string(k));
    if (end > most)
      corrupt("indptr reaches " + std::to_string(end) + " at " + line + std::to_string(k) +
              ", but there are " + std::to_string(n_minor) + " indices and " +
              std::to_string(n_values) + " values");
    Index before = -1;
    bool inside = true;
    for (Index e = begin; e < end; ++e) {
      const auto at = static_cast<Index>(minor[e]);
      inside &= at >= 0 && at < limit;
      canonical &= at > before;
      before = at;
    }
    if (inside) continue;
    Index e = begin;
    while (minor[e] >= 0 && static_cast<Index>(minor[e]) < limit) ++e;
    corrupt(other + " index " + std::to_string(minor[e]) + " in " + line + std::to_string(k) +
            " is outside [0, " + std::to_string(limit) + ")");
  }
  return canonical;
}

namespace {

template <class T, class I>
Indices checked_starts(Compressed<T, I>& a, Index n, Index p, bool by_rows) {
  if (!is_canonical(a.minor, a.n_minor, a.n_values, a.starts, n, p, by_rows))
    throw std::invalid_argument("sparse X is not canonical: its indices must rise strictly");
  return std::move(a.starts);
}

}  // namespace

// --- by columns ----------------------------------------------------------------------------------

template <class T, class I>
SparseByColumns<T, I>::SparseByColumns(Compressed<T, I> arrays, Index n, Index p)
    : x_(arrays.values), row_(arrays.minor), n_(n), start_(checked_starts(arrays, n, p, false)) {
  stored_ = start_.back();
}

template <class T, class I>
void SparseByColumns<T, I>::correlate(ConstMatrix r, Matrix out, const Context& context) const {
  in_groups(r, [&]<int K>(Index l, const double* group) {
    const double work = kWork * static_cast<double>(K * stored_ + cols());
    parallel_for(context, cols(), kColumnGrain, work, [&](Index first, Index last) {
      double sums[std::size_t{K}];
      for (Index j = first; j < last; ++j) {
        dots<K>(x_, row_, start_[sz(j)], start_[sz(j + 1)], group, sums);
        for (int k = 0; k < K; ++k) out(j, l + k) = sums[k];
      }
    });
  });
}

template <class T, class I>
void SparseByColumns<T, I>::gather(std::span<const Index> columns, Matrix out) const {
  for (std::size_t k = 0; k < columns.size(); ++k) {
    double* target = out.column(ix(k));
    std::fill_n(target, n_, 0.0);
    for (Index e = start_[sz(columns[k])]; e < start_[sz(columns[k] + 1)]; ++e)
      target[row_[e]] = static_cast<double>(x_[e]);
  }
}

template <class T, class I>
void SparseByColumns<T, I>::tile(Index begin, Index end, Matrix out) const {
  for (Index j = 0; j < cols(); ++j) {
    double* target = out.column(j);
    std::fill_n(target, end - begin, 0.0);
    const I* last = row_ + start_[sz(j + 1)];
    for (const I* at = std::lower_bound(row_ + start_[sz(j)], last, static_cast<I>(begin));
         at < last && static_cast<Index>(*at) < end; ++at)
      target[static_cast<Index>(*at) - begin] = static_cast<double>(x_[at - row_]);
  }
}

template <class T, class I>
Moments SparseByColumns<T, I>::moments(std::span<const double> weights,
                                       const Context& context) const {
  Moments m(cols());
  const RowWeights rows(weights, n_);
  const double work = kWork * static_cast<double>(2 * stored_ + cols());
  parallel_for(context, cols(), kColumnGrain, work, [&](Index first, Index last) {
    for (Index j = first; j < last; ++j) {
      ColumnMoments column;
      for (Index e = start_[sz(j)]; e < start_[sz(j + 1)]; ++e)
        column.first(rows(row_[e]), static_cast<double>(x_[e]));
      column.between(rows);
      for (Index e = start_[sz(j)]; e < start_[sz(j + 1)]; ++e)
        column.second(rows(row_[e]), static_cast<double>(x_[e]));
      m.set(j, column.about, rows.total);
    }
  });
  m.find_not_finite();
  return m;
}

template <class T, class I>
void SparseByColumns<T, I>::predict(std::span<const Index> columns, const double* b,
                                    double* out) const {
  for (std::size_t k = 0; k < columns.size(); ++k)
    for (Index e = start_[sz(columns[k])]; e < start_[sz(columns[k] + 1)]; ++e)
      out[row_[e]] += b[k] * static_cast<double>(x_[e]);
}

template <class T, class I>
void SparseByColumns<T, I>::entries(std::span<const Index> columns, Entries& out) const {
  for (const Index j : columns) {
    for (Index e = start_[sz(j)]; e < start_[sz(j + 1)]; ++e) {
      out.rows.push_back(static_cast<std::int32_t>(row_[e]));
      out.values.push_back(static_cast<double>(x_[e]));
    }
    out.start.push_back(ix(out.rows.size()));
  }
}

// --- by rows -------------------------------------------------------------------------------------

template <class T, class I>
SparseByRows<T, I>::SparseByRows(Compressed<T, I> arrays, Index n, Index p)
    : x_(arrays.values), column_(arrays.minor), p_(p), start_(checked_starts(arrays, n, p, true)) {
  stored_ = start_.back();
  cut_into_ranges();
}

template <class T, class I>
void SparseByRows<T, I>::cut_into_ranges() {
  const Index n = rows();
  const Index wanted = std::clamp<Index>(stored_ / std::max<Index>(1, n * kPerRange),
                                         stored_ < kShared ? 1 : 2, kMostRanges);
  bound_.assign(1, 0);
  if (wanted > 1) {
    Indices count(sz(p_));
    for (Index e = 0; e < stored_; ++e) ++count[sz(static_cast<Index>(column_[e]))];
    Index seen = 0;
    for (Index j = 0; j < p_; ++j) {
      if (seen * wanted >= ix(bound_.size()) * stored_ && j > bound_.back() && seen < stored_)
        bound_.push_back(j);
      seen += count[sz(j)];
    }
  }
  bound_.push_back(p_);
  const Index inner = ranges() - 1;
  offset_.resize(sz(n * inner));
  for (Index i = 0; i < n; ++i) {
    Index e = start_[sz(i)];
    for (Index c = 0; c < inner; ++c) {
      while (e < start_[sz(i + 1)] && static_cast<Index>(column_[e]) < bound_[sz(c + 1)]) ++e;
      offset_[sz(i * inner + c)] = static_cast<std::uint32_t>(e - start_[sz(i)]);
    }
  }
}

template <class T, class I>
template <int K>
void SparseByRows<T, I>::scatter(Index from, Index to, const double* r, Matrix out) const {
  const Index first = bound_[sz(from)], width = bound_[sz(to)] - first;
  Vec sums(sz(width * K));
  for (Index i = 0; i < rows(); ++i) {
    double ri[std::size_t{K}];  // in registers: the sums might lie over r, for all one knows
    std::copy_n(r + i * K, K, ri);
    const Index end = leave(i, to - 1);
    for (Index e = enter(i, from); e < end; ++e) {
      const double x = static_cast<double>(x_[e]);
      double* target = sums.data() + (static_cast<Index>(column_[e]) - first) * K;
      for (int l = 0; l < K; ++l) target[l] += x * ri[l];
    }
  }
  for (int l = 0; l < K; ++l)
    for (Index j = 0; j < width; ++j) out(first + j, l) = sums[sz(j * K + l)];
}

template <class T, class I>
void SparseByRows<T, I>::correlate(ConstMatrix r, Matrix out, const Context& context) const {
  in_groups(r, [&]<int K>(Index l, const double* group) {
    const double work = kWork * static_cast<double>(K * stored_ + p_);
    parallel_for(context, ranges(), together(context), work, [&](Index from, Index to) {
      scatter<K>(from, to, group, Matrix(out.column(l), p_, K, out.stride));
    });
  });
}

template <class T, class I>
void SparseByRows<T, I>::entries(std::span<const Index> columns, Entries& out) const {
  // A bit for each column, small enough for the nearest cache, tells most entries away.
  std::vector<std::uint64_t> wanted(sz(p_ / 64 + 1));
  std::vector<std::int32_t> place(sz(p_));
  for (std::size_t k = 0; k < columns.size(); ++k) {
    wanted[sz(columns[k] / 64)] |= std::uint64_t{1} << (columns[k] % 64);
    place[sz(columns[k])] = static_cast<std::int32_t>(k);
  }
  struct Entry {
    std::int32_t place, row;
    double value;
  };
  std::vector<Entry> found;
  Indices next(columns.size() + 1);
  for (Index i = 0; i < rows(); ++i)
    for (Index e = start_[sz(i)]; e < start_[sz(i + 1)]; ++e) {
      const auto j = static_cast<std::uint64_t>(column_[e]);
      if (!(wanted[j / 64] >> (j % 64) & 1)) continue;
      const std::int32_t k = place[j];
      found.push_back({k, static_cast<std::int32_t>(i), static_cast<double>(x_[e])});
      ++next[sz(k + 1)];
    }
  next[0] = ix(out.rows.size());
  for (std::size_t k = 0; k < columns.size(); ++k) {
    next[k + 1] += next[k];
    out.start.push_back(next[k + 1]);
  }
  out.rows.resize(sz(next.back()));
  out.values.resize(sz(next.back()));
  for (const Entry& entry : found) {
    const std::size_t at = sz(next[sz(entry.place)]++);
    out.rows[at] = entry.row;
    out.values[at] = entry.value;
  }
}

template <class T, class I>
void SparseByRows<T, I>::gather(std::span<const Index> columns, Matrix out) const {
  for (Index k = 0; k < out.cols; ++k) std::fill_n(out.column(k), out.rows, 0.0);
  Entries some;
  entries(columns, some);
  for (Index k = 0; k < some.columns(); ++k)
    for (std::size_t e = sz(some.start[sz(k)]); e < sz(some.start[sz(k + 1)]); ++e)
      out(some.rows[e], k) = some.values[e];
}

template <class T, class I>
void SparseByRows<T, I>::tile(Index begin, Index end, Matrix out) const {
  for (Index j = 0; j < p_; ++j) std::fill_n(out.column(j), end - begin, 0.0);
  for (Index i = begin; i < end; ++i)
    for (Index e = start_[sz(i)]; e < start_[sz(i + 1)]; ++e)
      out(i - begin, static_cast<Index>(column_[e])) = static_cast<double>(x_[e]);
}

template <class T, class I>
Moments SparseByRows<T, I>::moments(std::span<const double> weights, const Context& context) const {
  Moments m(p_);
  const RowWeights row_weights(weights, rows());
  const double work = kWork * static_cast<double>(2 * stored_ + p_);
  parallel_for(context, ranges(), together(context), work, [&](Index from, Index to) {
    const Index first = bound_[sz(from)], last = bound_[sz(to)];
    std::vector<ColumnMoments> columns(sz(last - first));
    const auto read = [&](auto&& use) {
      for (Index i = 0; i < rows(); ++i) {
        const double w = row_weights(i);
        const Index end = leave(i, to - 1);
        for (Index e = enter(i, from); e < end; ++e)
          use(columns[sz(static_cast<Index>(column_[e]) - first)], w, static_cast<double>(x_[e]));
      }
    };
    read([](ColumnMoments& column, double w, double x) { column.first(w, x); });
    for (ColumnMoments& column : columns) column.between(row_weights);
    read([](ColumnMoments& column, double w, double x) { column.second(w, x); });
    for (Index j = first; j < last; ++j) m.set(j, columns[sz(j - first)].about, row_weights.total);
  });
  m.find_not_finite();
  return m;
}

template <class T, class I>
void SparseByRows<T, I>::predict(std::span<const Index> columns, const double* b,
                                 double* out) const {
  Vec coefficient(sz(p_));
  for (std::size_t k = 0; k < columns.size(); ++k) coefficient[sz(columns[k])] = b[k];
  for (Index i = 0; i < rows(); ++i) {
    double sum = 0.0;
    for (Index e = start_[sz(i)]; e < start_[sz(i + 1)]; ++e)
      sum += coefficient[sz(static_cast<Index>(column_[e]))] * static_cast<double>(x_[e]);
    out[i] += sum;
  }
}

template bool is_canonical(const std::int32_t*, Index, Index, const Indices&, Index, Index, bool);
template bool is_canonical(const std::int64_t*, Index, Index, const Indices&, Index, Index, bool);
template class SparseByColumns<float, std::int32_t>;
template class SparseByColumns<float, std::int64_t>;
template class SparseByColumns<double, std::int32_t>;
template class SparseByColumns<double, std::int64_t>;
template class SparseByRows<float, std::int32_t>;
template class SparseByRows<float, std::int64_t>;
template class SparseByRows<double, std::int32_t>;
template class SparseByRows<double, std::int64_t>;

}  // namespace excise
