// Loops in single precision, for what need not be exact: twice as many numbers at a time, and half
// as many bytes. Compiled and chosen like the other kernels.
#pragma once

#include "excise/base/types.hpp"

namespace excise {

struct SingleKernels {
  // out[c + l * ldo] = x_c' r_l for p rows x_c anywhere and k rows r_l, ldr apart
  void (*products)(const float* const* x, Index n, Index p, const float* r, Index ldr, Index k,
                   float* out, Index ldo);

  // y += sum_k b[k] * rows[k]
  void (*combine)(const float* const* rows, const float* b, Index m, Index n, float* y);
};

// Those for this processor
const SingleKernels& single_kernels();

}  // namespace excise
