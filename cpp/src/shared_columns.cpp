#include "excise/design/shared_columns.hpp"

#include <cmath>
#include <utility>

namespace excise {

double* SharedColumns::address(Index place) const {
  constexpr std::size_t kBytes = kAligned * sizeof(double);
  void* begin = kept_[sz(place / kTogether)]->data();
  std::size_t room = kBytes + sizeof(double);
  return static_cast<double*>(std::align(kBytes, sizeof(double), begin, room)) +
         place % kTogether * stride_;
}

Index SharedColumns::free_place() {
  if (free_.empty()) {
    const Index begin = ix(kept_.size()) * kTogether;
    kept_.push_back(std::make_unique<Vec>(sz(kTogether * stride_ + kAligned)));
    for (Index place = begin + kTogether - 1; place >= begin; --place) free_.push_back(place);
  }
  const Index place = free_.back();
  free_.pop_back();
  return place;
}

void SharedColumns::take(std::span<const Index> columns, std::vector<const double*>& at) {
  const std::lock_guard lock(mutex_);
  const Index n = design_->rows();
  Indices missing;
  for (const Index j : columns)
    if (place_[sz(j)] < 0) missing.push_back(j);
  for (std::size_t lo = 0; lo < missing.size(); lo += sz(kTogether)) {
    const auto some = std::span(missing).subspan(lo, std::min(sz(kTogether), missing.size() - lo));
    fresh_.resize(some.size() * sz(n));
    design_->gather(some, Matrix(fresh_.data(), n, ix(some.size())));
    for (std::size_t k = 0; k < some.size(); ++k) {
      const Index place = place_[sz(some[k])] = free_place();
      std::copy_n(fresh_.begin() + ix(k) * n, n, address(place));
    }
  }
  for (const Index j : columns) {
    ++users_[sz(j)];
    at.push_back(address(place_[sz(j)]));
  }
}

void SharedColumns::drop(std::span<const Index> columns) {
  const std::lock_guard lock(mutex_);
  for (const Index j : columns)
    if (--users_[sz(j)] == 0) free_.push_back(std::exchange(place_[sz(j)], -1));
}

void SharedPack::add(std::span<const Index> columns) {
  Indices near;
  for (const Index j : columns)
    if (!(std::abs(center_[sz(j)]) * inverse_scale_[sz(j)] > 1)) near.push_back(j);
  std::vector<const double*> at;
  shared_.take(near, at);
  auto next = at.begin();
  for (std::size_t k = 0, shared = 0; k < columns.size(); ++k) {
    const Index j = columns[k];
    const double scale = inverse_scale_[sz(j)];
    if (shared < near.size() && near[shared] == j) {
      columns_.push_back({j, *next++, scale, center_[sz(j)] * scale, nullptr});
      ++shared;
      continue;
    }
    auto own = std::make_unique<Vec>(sz(rows()));
    shared_.design()->gather(std::span(&j, 1), Matrix(own->data(), rows(), 1));
    for (double& x : *own) x -= center_[sz(j)];
    const double* x = own->data();
    columns_.push_back({j, x, scale, 0.0, std::move(own)});
  }
}

void SharedPack::keep(std::span<const Index> kept) {
  std::vector<Column> all = std::move(columns_);
  columns_.clear();
  for (const Index k : kept) {
    columns_.push_back(std::move(all[sz(k)]));
    all[sz(k)].x = nullptr;
  }
  Indices gone;
  for (const Column& column : all)
    if (column.x && !column.own) gone.push_back(column.feature);
  shared_.drop(gone);
}

Indices SharedPack::taken(Index first) const {
  Indices out;
  for (std::size_t k = sz(first); k < columns_.size(); ++k)
    if (!columns_[k].own) out.push_back(columns_[k].feature);
  return out;
}

// weighted = root o v; returns its sum, which is root'v.
double SharedPack::weigh(const double* v, double* weighted) const {
  double total = 0.0;
  for (std::size_t i = 0; i < root_.size(); ++i) total += weighted[i] = root_[i] * v[i];
  return total;
}

void SharedPack::crosses(std::span<const Index> some, std::span<const Index> columns,
                         Matrix g) const {
  const std::size_t n = root_.size();
  Vec weighted(some.size() * n), totals(some.size());
  for (std::size_t l = 0; l < some.size(); ++l) {
    const Column& column = columns_[sz(some[l])];
    double* const w = weighted.data() + l * n;
    for (std::size_t i = 0; i < n; ++i)
      w[i] = root_[i] * (column.scale * column.x[i] - column.shift);
    totals[l] = weigh(w, w);
  }
  std::vector<const double*> at(columns.size());
  for (std::size_t k = 0; k < columns.size(); ++k) at[k] = columns_[sz(columns[k])].x;
  for (Index l = 0; l < g.cols; ++l) std::fill_n(g.column(l), g.rows, 0.0);
  kernels().scattered_f64(at.data(), rows(), g.rows, nullptr, weighted.data(), rows(), g.cols,
                          g.data, g.stride);
  for (Index l = 0; l < g.cols; ++l)
    for (Index k = 0; k < g.rows; ++k) {
      const Column& column = columns_[sz(columns[sz(k)])];
      g(k, l) = column.scale * g(k, l) - column.shift * totals[sz(l)];
    }
}

void SharedPack::correlate(Index first, ConstMatrix v, Matrix c, const Context&) const {
  const Index n = rows(), count = size() - first;
  Vec weighted(sz(n * v.cols)), totals(sz(v.cols));
  for (Index l = 0; l < v.cols; ++l) totals[sz(l)] = weigh(v.column(l), weighted.data() + l * n);
  std::vector<const double*> at(sz(count));
  for (Index k = 0; k < count; ++k) at[sz(k)] = columns_[sz(first + k)].x;
  for (Index l = 0; l < v.cols; ++l) std::fill_n(c.column(l), count, 0.0);
  kernels().scattered_f64(at.data(), n, count, nullptr, weighted.data(), n, v.cols, c.data,
                          c.stride);
  for (Index l = 0; l < v.cols; ++l)
    for (Index k = 0; k < count; ++k) {
      const Column& column = columns_[sz(first + k)];
      c(k, l) = column.scale * c(k, l) - column.shift * totals[sz(l)];
    }
}

void SharedPack::subtract(std::span<const Index> columns, const double* b, double* v,
                          const Context&) const {
  std::vector<const double*> at(columns.size());
  Vec minus(columns.size()), fitted(root_.size());
  double shift = 0.0;
  for (std::size_t k = 0; k < columns.size(); ++k) {
    const Column& column = columns_[sz(columns[k])];
    at[k] = column.x;
    minus[k] = -b[k] * column.scale;
    shift += b[k] * column.shift;
  }
  kernels().combine(at.data(), minus.data(), ix(columns.size()), rows(), fitted.data());
  for (std::size_t i = 0; i < root_.size(); ++i) v[i] += root_[i] * (fitted[i] + shift);
}

// z = root o (scale x - shift): moves are scaled before, and what columns see after.
void SharedPack::images(std::span<const Image> some) const {
  std::vector<std::vector<const double*>> at(some.size());
  std::vector<Vec> scaled(some.size()), shifts(some.size()), totals(some.size());
  std::vector<Image> raw;
  for (std::size_t m = 0; m < some.size(); ++m) {
    const Image& image = some[m];
    const Index count = ix(image.columns.size());
    shifts[m].assign(sz(image.moves.cols), 0.0);
    totals[m].assign(sz(image.moves.cols), 0.0);
    for (const Index k : image.columns) at[m].push_back(columns_[sz(k)].x);
    for (Index l = 0; l < image.moves.cols; ++l)
      for (Index k = 0; k < count; ++k) {
        const Column& column = columns_[sz(image.columns[sz(k)])];
        scaled[m].push_back(column.scale * image.moves(k, l));
        shifts[m][sz(l)] += column.shift * image.moves(k, l);
      }
    raw.push_back({image.columns, {scaled[m].data(), count, image.moves.cols}, image.out});
  }
  images_by_rows(raw, at, rows(), [&](std::size_t m, Index begin, Matrix e) {
    for (Index l = 0; l < e.cols; ++l)
      for (Index i = 0; i < e.rows; ++i) {
        const double root = root_[sz(begin + i)];
        totals[m][sz(l)] += e(i, l) = root * root * (e(i, l) - shifts[m][sz(l)]);
      }
  });
  for (std::size_t m = 0; m < some.size(); ++m)
    for (Index l = 0; l < some[m].out.cols; ++l)
      for (Index k = 0; k < some[m].out.rows; ++k) {
        const Column& column = columns_[sz(some[m].columns[sz(k)])];
        double& out = some[m].out(k, l);
        out = column.scale * out - column.shift * totals[m][sz(l)];
      }
}

}  // namespace excise
