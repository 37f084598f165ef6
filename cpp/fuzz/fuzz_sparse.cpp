// libFuzzer target of the sparse entry: bytes become the arrays of a CSC or CSR table, sound or
// corrupt. Either the constructor refuses them by name, or every verb tells of the same table as a
// copy written out entry by entry, and a path over it ends with finite numbers.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <stdexcept>

#include "excise/design/sparse.hpp"
#include "excise/path/engine.hpp"

using namespace excise;

namespace {

constexpr Index kMostLines = 40, kMostEntries = 4000;

void require(bool holds) {
  if (!holds) __builtin_trap();
}

// The bytes, one number after the other; zeros when they are used up.
struct Bytes {
  const std::uint8_t* at;
  std::size_t left;

  template <class T>
  T take() {
    T value{};
    const std::size_t size = std::min(sizeof(T), left);
    std::memcpy(&value, at, size);
    at += size;
    left -= size;
    return value;
  }
  Index below(Index limit) { return take<std::uint8_t>() % limit; }
};

struct Flags {
  bool by_rows, single, wide, raw_values, raw_minor, raw_starts, intercept, ridge;
  explicit Flags(unsigned b)
      : by_rows(b & 1),
        single(b & 2),
        wide(b & 4),
        raw_values(b & 8),
        raw_minor(b & 16),
        raw_starts(b & 32),
        intercept(b & 64),
        ridge(b & 128) {}
};

template <class T, class I>
struct Table {
  Index n, p;
  bool by_rows;
  std::vector<T> values;
  std::vector<I> minor;
  Indices starts{0};

  Compressed<T, I> arrays() const {
    return {values.data(), minor.data(), ix(values.size()), ix(minor.size()), starts};
  }
  template <class Use>
  void each(Use&& use) const {  // of a sound table: row, column, value
    for (std::size_t k = 0; k + 1 < starts.size(); ++k)
      for (Index e = starts[k]; e < starts[k + 1]; ++e) {
        const Index other = static_cast<Index>(minor[sz(e)]);
        const double value = static_cast<double>(values[sz(e)]);
        by_rows ? use(ix(k), other, value) : use(other, ix(k), value);
      }
  }
};

// Offsets, indices and values: plausible ones out of single bytes, or whatever the bytes say.
template <class T, class I>
Table<T, I> table_of(Bytes& bytes, const Flags& flags) {
  Table<T, I> x{bytes.below(kMostLines), bytes.below(kMostLines), flags.by_rows, {}, {}};
  const Index longer = bytes.below(8), fewer = bytes.below(16);
  const Index major = flags.by_rows ? x.n : x.p, lines = flags.by_rows ? x.p : x.n;
  for (Index k = 0; k < major; ++k) {
    const Index count = flags.raw_starts ? bytes.take<std::int16_t>() : bytes.below(lines + 1);
    x.starts.push_back(x.starts.back() + count);
  }
  if (flags.raw_starts && longer == 3) x.starts.back() = bytes.take<Index>();
  if (longer == 1) x.starts.push_back(x.starts.back());
  if (longer == 2) x.starts.pop_back();
  const Index count = std::clamp<Index>(x.starts.empty() ? 0 : x.starts.back(), 0, kMostEntries);
  std::size_t line = 0;
  for (Index e = 0, at = -1; e < count; ++e) {
    for (; line + 1 < x.starts.size() && e >= x.starts[line + 1]; ++line) at = -1;
    const Index end = line + 1 < x.starts.size() ? x.starts[line + 1] : count;
    // leaves room for what is still to come in this line
    const Index room = std::max<Index>(1, lines - at - std::max<Index>(end - e, 1));
    at += 1 + bytes.below(room);
    x.minor.push_back(flags.raw_minor ? bytes.take<I>() : static_cast<I>(at));
  }
  for (Index e = 0; e < count; ++e)
    x.values.push_back(flags.raw_values ? bytes.take<T>()
                                        : static_cast<T>(bytes.take<std::int8_t>()) / T{8});
  if (fewer == 1 && count > 0) x.minor.pop_back();
  if (fewer == 2 && count > 0) x.values.pop_back();
  if (fewer == 3) x.n = -x.n;
  if (fewer == 4) x.p = -x.p;
  return x;
}

bool same_bits(const Vec& a, const Vec& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}

// The sums of products may be added up in any order: `size` is the sum of their sizes.
void near(double found, double expected, double size) {
  if (size < kLargest) require(std::abs(found - expected) <= 1e-12 * size);
}

template <class T, class I>
void same_verbs(const Design& x, const Table<T, I>& table) {
  const Index n = table.n, p = table.p;
  Vec dense(sz(n * p)), gathered(sz(n * p)), tiled(sz(n * p)), tile;
  table.each([&](Index i, Index j, double v) { dense[sz(i + j * n)] = v; });
  Indices all(sz(p));
  for (Index j = 0; j < p; ++j) all[sz(j)] = j;
  x.gather(all, Matrix(gathered.data(), n, p));
  require(same_bits(gathered, dense));
  for (Index begin = 0, end = n / 2; begin < n; begin = end, end = n) {
    if (end == begin) continue;
    tile.resize(sz((end - begin) * p));
    x.tile(begin, end, Matrix(tile.data(), end - begin, p));
    for (Index j = 0; j < p; ++j)
      std::copy_n(tile.begin() + j * (end - begin), end - begin, tiled.begin() + begin + j * n);
  }
  require(same_bits(tiled, dense));
  const Index k = 15;  // 8 + 4 + 2 + 1 right-hand sides
  Vec r(sz(n * k)), out(sz(p * k)), sums(sz(p * k)), sizes(sz(p * k));
  for (std::size_t e = 0; e < r.size(); ++e) r[e] = static_cast<double>(e % 13) - 6.0;
  x.correlate(ConstMatrix(r.data(), n, k), Matrix(out.data(), p, k), Context{});
  Vec b(sz(p)), fitted(sz(n)), eta(sz(n)), reach(sz(n));
  for (Index j = 0; j < p; ++j) b[sz(j)] = static_cast<double>(j % 5) - 2.0;
  x.predict(all, b.data(), fitted.data());
  table.each([&](Index i, Index j, double v) {
    for (Index l = 0; l < k; ++l) {
      sums[sz(j + l * p)] += v * r[sz(i + l * n)];
      sizes[sz(j + l * p)] += std::abs(v * r[sz(i + l * n)]);
    }
    eta[sz(i)] += v * b[sz(j)];
    reach[sz(i)] += std::abs(v * b[sz(j)]);
  });
  for (std::size_t e = 0; e < out.size(); ++e) near(out[e], sums[e], sizes[e]);
  for (std::size_t i = 0; i < eta.size(); ++i) near(fitted[i], eta[i], reach[i]);
}

template <class T, class I>
void fit(std::shared_ptr<const Design> x, const Table<T, I>& table, const Flags& flags) {
  bool finite = true;
  table.each([&](Index, Index, double v) { finite &= std::abs(v) <= kLargest; });
  Moments moments = x->moments({}, Context{});
  require((moments.not_finite < 0) == finite);
  if (!finite || moments.unsquarable() >= 0) return;
  Statement statement{x, Vec(sz(table.n)), {}, Vec(sz(table.p), 1.0), {}, {}};
  for (Index i = 0; i < table.n; ++i) statement.y[sz(i)] = static_cast<double>(i * i % 7) - 3.0;
  statement.lower.assign(sz(table.p), -kInfinity);
  statement.upper.assign(sz(table.p), kInfinity);
  statement.penalty_weight[0] = table.n % 2 ? 0.0 : 1.0;
  statement.l1_ratio = flags.ridge ? 0.5 : 1.0;
  statement.fit_intercept = flags.intercept;
  statement.standardize = true;
  Engine engine(std::move(statement), std::move(moments), Context{});
  engine.start();
  const double top = engine.grid_top();
  if (!(top > 0)) return;
  const double alphas[] = {top, 0.3 * top, 0.01 * top};
  for (const PathPoint& point : engine.path(alphas).points) {
    require(std::isfinite(point.optimality.gap) && std::isfinite(point.rr));
    for (const double value : point.values) require(std::isfinite(value));
  }
}

template <class T, class I>
void run(Bytes& bytes, const Flags& flags) {
  const auto table = table_of<T, I>(bytes, flags);
  std::shared_ptr<Sparse> x;
  try {
    if (flags.by_rows)
      x = std::make_shared<SparseByRows<T, I>>(table.arrays(), table.n, table.p);
    else
      x = std::make_shared<SparseByColumns<T, I>>(table.arrays(), table.n, table.p);
  } catch (const std::invalid_argument& refused) {
    require(std::strlen(refused.what()) > 0);
    return;
  }
  require(x->rows() == table.n && x->cols() == table.p);
  if (table.n == 0 || table.p == 0) return;  // refused before they come here
  same_verbs(*x, table);
  fit(x, table, flags);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes{data, size};
  const Flags flags(bytes.take<std::uint8_t>());
  if (flags.single && flags.wide)
    run<float, std::int64_t>(bytes, flags);
  else if (flags.single)
    run<float, std::int32_t>(bytes, flags);
  else if (flags.wide)
    run<double, std::int64_t>(bytes, flags);
  else
    run<double, std::int32_t>(bytes, flags);
  return 0;
}
