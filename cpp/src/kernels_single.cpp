// Compiled once per instruction set, under the same rules as kernels.cpp.
#include "excise/base/single_kernels.hpp"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace excise::EXCISE_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int kLanes = 16, kRows = 4, kRhs = 4;
#elif defined(__AVX2__)
constexpr int kLanes = 8, kRows = 4, kRhs = 2;
#else
constexpr int kLanes = 4, kRows = 2, kRhs = 2;
#endif

typedef float vf __attribute__((vector_size(kLanes * sizeof(float))));
typedef float vf_any __attribute__((vector_size(kLanes * sizeof(float)), aligned(1)));

#define EXCISE_INLINE static inline __attribute__((always_inline))

EXCISE_INLINE vf load(const float* x) { return *reinterpret_cast<const vf_any*>(x); }
EXCISE_INLINE void store(float* x, vf v) { *reinterpret_cast<vf_any*>(x) = v; }

// The first 0 < count < kLanes numbers at x, then zeros; no memory beyond them is touched.
EXCISE_INLINE vf load_some(const float* x, Index count) {
#if defined(__AVX512F__)
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), x);
#elif defined(__AVX2__)
  const __m256i lane = _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0);
  return _mm256_maskload_ps(x,
                            _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), lane));
#else
  vf v{};
  for (Index i = 0; i < count; ++i) v[i] = x[i];
  return v;
#endif
}

typedef float v4 __attribute__((vector_size(16)));
EXCISE_INLINE v4 fourth(vf v) {
#if defined(__AVX512F__)
  const auto h = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
                 __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
  return __builtin_shufflevector(h, h, 0, 1, 2, 3) + __builtin_shufflevector(h, h, 4, 5, 6, 7);
#elif defined(__AVX2__)
  return __builtin_shufflevector(v, v, 0, 1, 2, 3) + __builtin_shufflevector(v, v, 4, 5, 6, 7);
#else
  return v;
#endif
}
EXCISE_INLINE float sum(vf v) {
  const v4 h = fourth(v);
  return (h[0] + h[2]) + (h[1] + h[3]);
}

template <int C, int K>
EXCISE_INLINE void dots(const float* const* x, Index n, const float* r, Index ldr, float* out,
                        Index ldo) {
  vf acc[std::size_t{C}][std::size_t{K}] = {};
  const auto add = [&](const auto& get) __attribute__((always_inline)) {
    vf xv[std::size_t{C}];
    for (int c = 0; c < C; ++c) xv[c] = get(x[c]);
    for (int l = 0; l < K; ++l) {
      const vf rv = get(r + l * ldr);
      for (int c = 0; c < C; ++c) acc[c][l] += xv[c] * rv;
    }
  };
  Index i = 0;
  for (; i + kLanes <= n; i += kLanes)
    add([&](const float* v) __attribute__((always_inline)) { return load(v + i); });
  if (i < n)
    add([&](const float* v) __attribute__((always_inline)) { return load_some(v + i, n - i); });
  for (int l = 0; l < K; ++l)
    for (int c = 0; c < C; ++c) out[c + l * ldo] = sum(acc[c][l]);
}

template <int C>
EXCISE_INLINE void dots_all(const float* const* x, Index n, const float* r, Index ldr, Index k,
                            float* out, Index ldo) {
  Index l = 0;
  for (; l + kRhs <= k; l += kRhs) dots<C, kRhs>(x, n, r + l * ldr, ldr, out + l * ldo, ldo);
  for (; l < k; ++l) dots<C, 1>(x, n, r + l * ldr, ldr, out + l * ldo, ldo);
}

void products(const float* const* x, Index n, Index p, const float* r, Index ldr, Index k,
              float* out, Index ldo) {
  Index c = 0;
  for (; c + kRows <= p; c += kRows) dots_all<kRows>(x + c, n, r, ldr, k, out + c, ldo);
  for (; c < p; ++c) dots_all<1>(x + c, n, r, ldr, k, out + c, ldo);
}

template <int R>
EXCISE_INLINE void combine_some(const float* const* rows, const float* b, Index n, float* y) {
  Index i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    vf total = load(y + i);
    for (int k = 0; k < R; ++k) total += load(rows[k] + i) * b[k];
    store(y + i, total);
  }
  for (; i < n; ++i)
    for (int k = 0; k < R; ++k) y[i] += b[k] * rows[k][i];
}

void combine(const float* const* rows, const float* b, Index m, Index n, float* y) {
  Index k = 0;
  for (; k + 8 <= m; k += 8) combine_some<8>(rows + k, b + k, n, y);
  for (; k + 4 <= m; k += 4) combine_some<4>(rows + k, b + k, n, y);
  for (; k < m; ++k) combine_some<1>(rows + k, b + k, n, y);
}

}  // namespace

extern const SingleKernels single;
const SingleKernels single{products, combine};

}  // namespace excise::EXCISE_ISA
