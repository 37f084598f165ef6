#include "excise/design/outputs.hpp"

#include <cmath>

namespace excise {
namespace {

// body(r as columns of n numbers, the first column of `v` they are of), as many at a time as can be
template <class Body>
void by_outputs(ConstMatrix v, Index n, Index outputs, Body&& body) {
  if (v.stride == v.rows) return body(ConstMatrix(v.data, n, outputs * v.cols), 0);
  for (Index l = 0; l < v.cols; ++l) body(ConstMatrix(v.column(l), n, outputs), l);
}

}  // namespace

void Outputs::collect(const double* seen, const double* r, double* out) const {
  const Index n = inner_->rows(), p = inner_->cols();
  for (Index k = 0; k < outputs_; ++k)
    for (Index j = 0; j < p; ++j) out[j * outputs_ + k] = seen[j + k * p];
  for (std::size_t k = 0; k < intercepts_.size(); ++k)
    out[features() + ix(k)] = kernels().dot(root_.data(), r + intercepts_[k] * n, n);
}

void Outputs::correlate(ConstMatrix r, Matrix out, const Context& context) const {
  const Index p = inner_->cols();
  Vec seen;
  by_outputs(r, inner_->rows(), outputs_, [&](ConstMatrix v, Index first) {
    seen.resize(sz(p * v.cols));
    inner_->correlate(v, Matrix(seen.data(), p, v.cols), context);
    for (Index l = 0; l < v.cols / outputs_; ++l)
      collect(seen.data() + l * p * outputs_, r.column(first + l), out.column(first + l));
  });
}

void Outputs::gather(std::span<const Index> columns, Matrix out) const {
  const Index n = inner_->rows();
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const auto [feature, output] = place(columns[c]);
    double* const column = out.column(ix(c));
    std::fill_n(column, out.rows, 0.0);
    if (feature < 0)
      std::copy(root_.begin(), root_.end(), column + output * n);
    else
      inner_->gather(std::span(&feature, 1), Matrix(column + output * n, n, 1));
  }
}

void Outputs::tile(Index begin, Index end, Matrix out) const {
  Vec column(sz(rows()));
  for (Index j = 0; j < cols(); ++j) {
    gather(std::span(&j, 1), Matrix(column.data(), rows(), 1));
    std::copy(column.begin() + begin, column.begin() + end, out.column(j));
  }
}

void Outputs::predict(std::span<const Index> columns, const double* b, double* out) const {
  const Index n = inner_->rows();
  std::vector<Indices> features(sz(outputs_));
  std::vector<Vec> values(sz(outputs_));
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const auto [feature, output] = place(columns[c]);
    if (feature < 0) {
      kernels().axpy(b[c], root_.data(), out + output * n, n);
      continue;
    }
    features[sz(output)].push_back(feature);
    values[sz(output)].push_back(b[c]);
  }
  for (Index k = 0; k < outputs_; ++k)
    if (!features[sz(k)].empty())
      inner_->predict(features[sz(k)], values[sz(k)].data(), out + k * n);
}

std::unique_ptr<Pack> Outputs::pack() const { return std::make_unique<OutputsPack>(*this); }

Index OutputsPack::copies() const {
  const std::size_t run = sz(design_.outputs());
  if (columns_.size() % run != 0) return 1;
  for (std::size_t k = 0; k < columns_.size(); ++k) {
    const auto [slot, output] = columns_[k];
    if (slot < 0 || slot != columns_[k - k % run].slot || output != ix(k % run)) return 1;
  }
  return design_.outputs();
}

void OutputsPack::add(std::span<const Index> columns) {
  Indices fresh;
  for (const Index j : columns) {
    const auto [feature, output] = design_.place(j);
    if (feature >= 0 && slot_[sz(feature)] < 0) {
      slot_[sz(feature)] = ix(members_.size());
      members_.push_back(feature);
      fresh.push_back(feature);
    }
    columns_.push_back({feature < 0 ? -1 : slot_[sz(feature)], output});
  }
  if (!fresh.empty()) inner_->add(fresh);
}

void OutputsPack::keep(std::span<const Index> kept) {
  std::vector<Column> columns;
  Indices moved(members_.size(), -1), slots, members;
  for (const Index k : kept) {
    columns.push_back(columns_[sz(k)]);
    if (columns.back().slot >= 0) moved[sz(columns.back().slot)] = 0;
  }
  for (std::size_t s = 0; s < members_.size(); ++s) {
    slot_[sz(members_[s])] = -1;
    if (moved[s] < 0) continue;
    moved[s] = slot_[sz(members_[s])] = ix(slots.size());
    slots.push_back(ix(s));
    members.push_back(members_[s]);
  }
  for (Column& column : columns)
    if (column.slot >= 0) column.slot = moved[sz(column.slot)];
  if (slots.size() < members_.size()) inner_->keep(slots);
  columns_ = std::move(columns);
  members_ = std::move(members);
}

// Columns of different outputs share no row.
void OutputsPack::crosses(std::span<const Index> some, std::span<const Index> columns,
                          Matrix g) const {
  const double* const root = design_.root().data();
  for (Index l = 0; l < g.cols; ++l) std::fill_n(g.column(l), g.rows, 0.0);
  for (Index k = 0; k < design_.outputs(); ++k) {
    Indices rows, cols, row_slots, col_slots, constants;
    for (std::size_t a = 0; a < columns.size(); ++a)
      if (const auto [slot, output] = columns_[sz(columns[a])]; output == k) {
        if (slot < 0) {
          constants.push_back(ix(a));
          continue;
        }
        rows.push_back(ix(a));
        row_slots.push_back(slot);
      }
    for (std::size_t b = 0; b < some.size(); ++b) {
      const auto [slot, output] = columns_[sz(some[b])];
      if (output != k) continue;
      Vec seen(sz(inner_->size()));
      if (slot < 0) {  // what an intercept sees
        inner_->correlate(0, ConstMatrix(root, n_, 1), Matrix(seen.data(), inner_->size(), 1),
                          kAlone);
        for (std::size_t a = 0; a < rows.size(); ++a) g(rows[a], ix(b)) = seen[sz(row_slots[a])];
      } else {
        cols.push_back(ix(b));
        col_slots.push_back(slot);
      }
      for (const Index a : constants) {
        const double minus = -1.0;
        Vec column(root, root + n_);
        if (slot >= 0) {
          std::fill(column.begin(), column.end(), 0.0);
          inner_->subtract(std::span(&slot, 1), &minus, column.data(), kAlone);
        }
        g(a, ix(b)) = kernels().dot(root, column.data(), n_);
      }
    }
    if (rows.empty() || cols.empty()) continue;
    Vec products(rows.size() * cols.size());
    const Matrix part(products.data(), ix(rows.size()), ix(cols.size()));
    inner_->crosses(col_slots, row_slots, part);
    for (Index b = 0; b < part.cols; ++b)
      for (Index a = 0; a < part.rows; ++a) g(rows[sz(a)], cols[sz(b)]) = part(a, b);
  }
}

void OutputsPack::correlate(Index first, ConstMatrix v, Matrix c, const Context& context) const {
  const Index outputs = design_.outputs();
  Index from = inner_->size();
  for (std::size_t k = sz(first); k < columns_.size(); ++k)
    if (columns_[k].slot >= 0) from = std::min(from, columns_[k].slot);
  const Index count = inner_->size() - from;
  Vec seen;
  by_outputs(v, n_, outputs, [&](ConstMatrix r, Index lo) {
    seen.resize(sz(count * r.cols));
    inner_->correlate(from, r, Matrix(seen.data(), count, r.cols), context);
    for (Index l = 0; l < r.cols / outputs; ++l)
      for (Index k = 0; k < c.rows; ++k) {
        const auto [slot, output] = columns_[sz(first + k)];
        const Index column = l * outputs + output;
        c(k, lo + l) = slot < 0 ? kernels().dot(design_.root().data(), r.column(column), n_)
                                : seen[sz(slot - from + column * count)];
      }
  });
}

void OutputsPack::subtract(std::span<const Index> columns, const double* b, double* v,
                           const Context& context) const {
  std::vector<Indices> slots(sz(design_.outputs()));
  std::vector<Vec> values(slots.size());
  for (std::size_t k = 0; k < columns.size(); ++k) {
    const auto [slot, output] = columns_[sz(columns[k])];
    if (slot < 0) {
      kernels().axpy(-b[k], design_.root().data(), v + output * n_, n_);
      continue;
    }
    slots[sz(output)].push_back(slot);
    values[sz(output)].push_back(b[k]);
  }
  for (std::size_t k = 0; k < slots.size(); ++k)
    if (!slots[k].empty()) inner_->subtract(slots[k], values[k].data(), v + ix(k) * n_, context);
}

// Between outputs k and m, of n rows only,
//   -(F_k Z)'(F_m Z)  for F_k = diag(f_k),  or  (D Z)'(D Z)  for k = m, D the root of the diagonal:
// blocks of columns in the order of their outputs, summed over tiles of rows. Nothing cancels.
void OutputsPack::bent_gram(const Bends& h, Index first, Matrix g, const Context& context) const {
  constexpr Index kTileRows = 256, kBlock = 64;
  if (h.products.empty() || !inner_->tile(0, {}, Matrix(nullptr, 0, 0)))
    return Pack::bent_gram(h, first, g, context);
  const Index m = size(), added = m - first, outputs = design_.outputs();
  Indices order, fresh, start{0}, fresh_start{0};
  for (Index k = 0; k < outputs; ++k) {
    for (Index c = 0; c < m; ++c)
      if (columns_[sz(c)].output == k) {
        order.push_back(c);
        if (c >= first) fresh.push_back(ix(order.size()) - 1);
      }
    start.push_back(ix(order.size()));
    fresh_start.push_back(ix(fresh.size()));
  }
  struct Job {
    Index row, rows, col, cols;
    bool same;
  };
  std::vector<Job> jobs;
  for (Index k = 0; k < outputs; ++k)
    for (Index col = fresh_start[sz(k)]; col < fresh_start[sz(k + 1)]; col += kBlock) {
      const Index cols = std::min(kBlock, fresh_start[sz(k + 1)] - col);
      for (Index other = first > 0 ? 0 : k; other < outputs; ++other)
        for (Index row = first == 0 && other == k ? col : start[sz(other)];
             row < start[sz(other + 1)]; row += kBlock)
          jobs.push_back(
              {row, std::min(kBlock, start[sz(other + 1)] - row), col, cols, other == k});
    }
  const Index height = std::min(kTileRows, n_), count = inner_->size();
  Vec z(sz(height * (count + 1))), coupled(sz(height * m)), alone(coupled), fresh_coupled,
      fresh_alone;
  if (first > 0) {
    fresh_coupled.resize(sz(height * added));
    fresh_alone.resize(sz(height * added));
  }
  Indices all(sz(count));
  for (std::size_t s = 0; s < all.size(); ++s) all[s] = ix(s);
  Vec sums(sz(m * added)), root(sz(height));
  for (Index lo = 0; lo < n_; lo += height) {
    const Index rows = std::min(height, n_ - lo);
    inner_->tile(lo, all, Matrix(z.data(), rows, count));
    std::copy_n(design_.root().begin() + lo, rows, z.begin() + count * rows);
    for (Index k = 0; k < outputs; ++k) {
      const double* const f = h.products.data() + k * n_ + lo;
      for (Index i = 0; i < rows; ++i) root[sz(i)] = std::sqrt(h.diagonal[sz(k * n_ + lo + i)]);
      for (Index c = start[sz(k)]; c < start[sz(k + 1)]; ++c) {
        const Index slot = columns_[sz(order[sz(c)])].slot;
        const double* const x = z.data() + (slot < 0 ? count : slot) * rows;
        double *const a = coupled.data() + c * rows, *const d = alone.data() + c * rows;
        for (Index i = 0; i < rows; ++i) {
          a[i] = f[i] * x[i];
          d[i] = root[sz(i)] * x[i];
        }
      }
    }
    for (Index c = 0; first > 0 && c < added; ++c) {
      std::copy_n(coupled.data() + fresh[sz(c)] * rows, rows, fresh_coupled.data() + c * rows);
      std::copy_n(alone.data() + fresh[sz(c)] * rows, rows, fresh_alone.data() + c * rows);
    }
    const Vec& by = first > 0 ? fresh_coupled : coupled;
    const Vec& by_alone = first > 0 ? fresh_alone : alone;
    const double work = static_cast<double>(rows * m) * static_cast<double>(added);
    parallel_for(context, ix(jobs.size()), 1, work, [&](Index begin, Index end) {
      for (Index q = begin; q < end; ++q) {
        const Job& job = jobs[sz(q)];
        kernels().columns_f64((job.same ? alone : coupled).data() + job.row * rows, rows, rows,
                              job.rows, nullptr, (job.same ? by_alone : by).data() + job.col * rows,
                              rows, job.cols, sums.data() + job.row + job.col * m, m);
      }
    });
  }
  const Matrix sum(sums.data(), m, added);
  if (first == 0) mirror(sum);
  for (Index b = 0; b < added; ++b) {
    const Index column = order[sz(fresh[sz(b)])];
    for (Index a = 0; a < m; ++a) {
      const bool same = columns_[sz(order[sz(a)])].output == columns_[sz(column)].output;
      g(order[sz(a)], column - first) = same ? sum(a, b) : -sum(a, b);
    }
  }
}

}  // namespace excise
