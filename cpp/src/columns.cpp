#include "excise/design/columns.hpp"

#include "excise/design/blocks.hpp"

namespace excise {
namespace {

// Calls f with the column's address as what it is.
template <class F>
void with_numbers(const Column& column, const F& f) {
  switch (column.number) {
    case Number::F64:
      return f(static_cast<const double*>(column.data));
    case Number::F32:
      return f(static_cast<const float*>(column.data));
    case Number::I8:
      return f(static_cast<const std::int8_t*>(column.data));
    case Number::I16:
      return f(static_cast<const std::int16_t*>(column.data));
    case Number::I32:
      return f(static_cast<const std::int32_t*>(column.data));
    case Number::I64:
      return f(static_cast<const std::int64_t*>(column.data));
    case Number::U8:
      return f(static_cast<const std::uint8_t*>(column.data));
    case Number::U16:
      return f(static_cast<const std::uint16_t*>(column.data));
    case Number::U32:
      return f(static_cast<const std::uint32_t*>(column.data));
    case Number::U64:
      return f(static_cast<const std::uint64_t*>(column.data));
  }
}

}  // namespace

Columns::Kind Columns::kind(Index j) const {
  const Column& column = columns_[sz(j)];
  if (column.stride != 1 && n_ > 1) return Kind::Others;
  if (column.number == Number::F64) return Kind::Doubles;
  return column.number == Number::F32 ? Kind::Singles : Kind::Others;
}

void Columns::copy_column(Index row, Index n, Index j, double* out) const {
  const Index stride = columns_[sz(j)].stride;
  const double shift = shift_of(j);
  with_numbers(columns_[sz(j)], [=](const auto* numbers) {
    const auto* x = numbers + row * stride;
    if (stride == 1)
      for (Index i = 0; i < n; ++i) out[i] = static_cast<double>(x[i]) - shift;
    else
      for (Index i = 0; i < n; ++i) out[i] = static_cast<double>(x[i * stride]) - shift;
  });
}

void Columns::copy_block(Index row, Index col, Matrix out) const {
  for (Index j = 0; j < out.cols; ++j) copy_column(row, out.rows, col + j, out.column(j));
}

// Runs of contiguous floats of one kind are read where they lie, others through packed blocks.
void Columns::correlate(ConstMatrix r, Matrix out, const Context& context) const {
  correlate_shares(cols(), r, out, context, [&](Index first, Index last, Matrix part) {
    for (Index from = first, to = first; from < last; from = to) {
      while (to < last && kind(to) == kind(from)) ++to;
      const Matrix some(part.data + (from - first), to - from, part.cols, part.stride);
      const double* shift = shift_.empty() ? nullptr : &shift_[sz(from)];
      if (kind(from) == Kind::Doubles)
        kernels().scattered_f64(starts<double>(from, to).data(), n_, to - from, shift, r.data,
                                r.stride, r.cols, some.data, some.stride);
      else if (kind(from) == Kind::Singles)
        kernels().scattered_f32(starts<float>(from, to).data(), n_, to - from, shift, r.data,
                                r.stride, r.cols, some.data, some.stride);
      else
        correlate_blocks(block_copier(), from, r, some);
    }
  });
}

void Columns::gather(std::span<const Index> columns, Matrix out) const {
  for (std::size_t k = 0; k < columns.size(); ++k)
    copy_column(0, n_, columns[k], out.column(ix(k)));
}

void Columns::tile(Index begin, Index, Matrix out) const { copy_block(begin, 0, out); }

// Contiguous floats are read where they lie, others through packed tiles of rows.
Moments Columns::moments(std::span<const double> weights, const Context& context) const {
  const auto pilot = [this](Index i, Index j) {
    double value = 0.0;
    copy_column(i, 1, j, &value);
    return value;
  };
  const auto add = [this](Index first, std::span<RunningMoments> running, const double* w) {
    const Index last = first + ix(running.size());
    for (Index from = first, to = first; from < last; from = to) {
      while (to < last && kind(to) == kind(from)) ++to;
      const auto some = running.subspan(sz(from - first), sz(to - from));
      if (kind(from) == Kind::Others) {
        add_moments(block_copier(), n_, w, from, some);
        continue;
      }
      for (Index j = from; j < to; ++j) {
        RunningMoments& one = some[sz(j - from)];
        const void* x = columns_[sz(j)].data;
        const double about = one.pilot + shift_of(j);
        if (kind(from) == Kind::Doubles)
          kernels().moments_f64(static_cast<const double*>(x), n_, about, w, one.sums);
        else
          kernels().moments_f32(static_cast<const float*>(x), n_, about, w, one.sums);
      }
    }
  };
  return moments_shares(n_, cols(), weights, context, pilot, add);
}

}  // namespace excise
