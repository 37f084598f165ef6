// The few loops that all time is spent in, compiled once per instruction set and chosen at load.
// Every sum runs in an order that does not depend on the number of threads.
#pragma once

#include "excise/base/types.hpp"

namespace excise {

struct Kernels {
  const char* name;

  // x'y
  double (*dot)(const double* x, const double* y, Index n);

  // y += a x
  void (*axpy)(double a, const double* x, double* y, Index n);

  // y += sum_k b[k] * columns[k]
  void (*combine)(const double* const* columns, const double* b, Index m, Index n, double* y);

  // out[i] = e^x_i, to two units in the last place
  void (*exponentials)(const double* x, Index n, double* out);

  // out[i] = log x_i for x_i > 0, to two units in the last place; some number below -744 at 0
  void (*logarithms)(const double* x, Index n, double* out);

  // scores[j] = max(up_j c_j, -down_j c_j), and the largest of them
  double (*scores)(const double* c, const double* up, const double* down, Index p, double* scores);

  // The indices, rising, where max(up_j (v_j + slack), down_j (slack - v_j)) >= threshold,
  // v_j = c_j + t (d_j - c_j); returns how many. There is room for p.
  Index (*bounds)(const double* c, const double* d, double t, double slack, const double* up,
                  const double* down, Index p, double threshold, Index* indices);

  // The indices of values >= threshold, rising; returns how many
  Index (*above)(const double* values, Index p, double threshold, Index* indices);

  // Adds a contiguous column, about its pilot and with weights (null: one each), to running
  // moments: sum, sum of squares, min and max of x - pilot.
  void (*moments_f64)(const double* x, Index n, double pilot, const double* w, double* running);
  void (*moments_f32)(const float* x, Index n, double pilot, const double* w, double* running);

  // out(j, l) += sum_i (x_ij - shift_j) R(i, l) for columns that are contiguous in memory
  // (element (i, j) at x[i + j * col_stride]); shift may be null.
  void (*columns_f64)(const double* x, Index col_stride, Index n, Index p, const double* shift,
                      const double* r, Index ldr, Index k, double* out, Index ldo);
  void (*columns_f32)(const float* x, Index col_stride, Index n, Index p, const double* shift,
                      const double* r, Index ldr, Index k, double* out, Index ldo);

  // The same for contiguous columns anywhere: column j begins at x[j].
  void (*scattered_f64)(const double* const* x, Index n, Index p, const double* shift,
                        const double* r, Index ldr, Index k, double* out, Index ldo);
  void (*scattered_f32)(const float* const* x, Index n, Index p, const double* shift,
                        const double* r, Index ldr, Index k, double* out, Index ldo);

  // The same for rows that are contiguous in memory (element (i, j) at x[i * row_stride + j]).
  void (*rows_f64)(const double* x, Index row_stride, Index n, Index p, const double* shift,
                   const double* r, Index ldr, Index k, double* out, Index ldo);
  void (*rows_f32)(const float* x, Index row_stride, Index n, Index p, const double* shift,
                   const double* r, Index ldr, Index k, double* out, Index ldo);
};

// The kernels for this processor.
const Kernels& kernels();

}  // namespace excise
