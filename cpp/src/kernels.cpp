// Compiled once per instruction set (see CMakeLists.txt): EXCISE_ISA names the copy. No standard
// library template may be instantiated here, or the linker could pick a copy with instructions
// that another processor lacks.
#include "excise/base/kernels.hpp"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace excise::EXCISE_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int kLanes = 8, kColumns = 4, kRhs = 4;
#elif defined(__AVX2__)
constexpr int kLanes = 4, kColumns = 4, kRhs = 2;
#else
constexpr int kLanes = 2, kColumns = 2, kRhs = 2;
#endif
constexpr Index kRowTile = 1024;    // rows of R that stay in cache while columns stream by
constexpr Index kColumnTile = 256;  // columns of a row-major X whose sums stay in cache

typedef double vd __attribute__((vector_size(kLanes * sizeof(double))));
typedef double vd_any __attribute__((vector_size(kLanes * sizeof(double)), aligned(1)));
typedef float vf_any __attribute__((vector_size(kLanes * sizeof(float)), aligned(1)));

#define EXCISE_INLINE static inline __attribute__((always_inline))

EXCISE_INLINE vd load(const double* x) { return *reinterpret_cast<const vd_any*>(x); }
EXCISE_INLINE vd load(const float* x) {
  return __builtin_convertvector(*reinterpret_cast<const vf_any*>(x), vd);
}
EXCISE_INLINE void store(double* x, vd v) { *reinterpret_cast<vd_any*>(x) = v; }
EXCISE_INLINE vd spread(double a) { return a - vd{}; }

// The first 0 < count < kLanes numbers at x, then zeros; no memory beyond them is touched.
#if defined(__AVX512F__)
EXCISE_INLINE vd load_some(const double* x, Index count) {
  return _mm512_maskz_loadu_pd(static_cast<__mmask8>((1u << count) - 1), x);
}
EXCISE_INLINE vd load_some(const float* x, Index count) {
  const __m512 some = _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), x);
  return __builtin_convertvector(__builtin_shufflevector(some, some, 0, 1, 2, 3, 4, 5, 6, 7), vd);
}
#elif defined(__AVX2__)
EXCISE_INLINE vd load_some(const double* x, Index count) {
  const __m256i lane = _mm256_set_epi64x(3, 2, 1, 0);
  return _mm256_maskload_pd(x, _mm256_cmpgt_epi64(_mm256_set1_epi64x(count), lane));
}
EXCISE_INLINE vd load_some(const float* x, Index count) {
  const __m128i lane = _mm_set_epi32(3, 2, 1, 0);
  const __m128i wanted = _mm_cmpgt_epi32(_mm_set1_epi32(static_cast<int>(count)), lane);
  return _mm256_cvtps_pd(_mm_maskload_ps(x, wanted));
}
#else
template <class T>
EXCISE_INLINE vd load_some(const T* x, Index) {
  return vd{static_cast<double>(x[0]), 0.0};
}
#endif

// The sums of kColumns vectors, as a vector: a transposition by halves
typedef double vc __attribute__((vector_size(kColumns * sizeof(double))));
typedef double vc_any __attribute__((vector_size(kColumns * sizeof(double)), aligned(1)));
#if defined(__AVX2__)
EXCISE_INLINE vc halved(vd v) {
#if defined(__AVX512F__)
  return __builtin_shufflevector(v, v, 0, 1, 2, 3) + __builtin_shufflevector(v, v, 4, 5, 6, 7);
#else
  return v;
#endif
}
EXCISE_INLINE vc sums(vd a, vd b, vd c, vd d) {
  const vc p = halved(a), q = halved(b), r = halved(c), s = halved(d);
  const vc pq =
      __builtin_shufflevector(p, q, 0, 4, 2, 6) + __builtin_shufflevector(p, q, 1, 5, 3, 7);
  const vc rs =
      __builtin_shufflevector(r, s, 0, 4, 2, 6) + __builtin_shufflevector(r, s, 1, 5, 3, 7);
  return __builtin_shufflevector(pq, rs, 0, 1, 4, 5) + __builtin_shufflevector(pq, rs, 2, 3, 6, 7);
}
template <class Row>
EXCISE_INLINE vc sums_of(const Row& acc, int l) {
  return sums(acc[0][l], acc[1][l], acc[2][l], acc[3][l]);
}
EXCISE_INLINE double sum(vd v) {
  const vc h = halved(v);
  return (h[0] + h[2]) + (h[1] + h[3]);
}
#else
EXCISE_INLINE double sum(vd v) { return v[0] + v[1]; }
template <class Row>
EXCISE_INLINE vc sums_of(const Row& acc, int l) {
  return __builtin_shufflevector(acc[0][l], acc[1][l], 0, 2) +
         __builtin_shufflevector(acc[0][l], acc[1][l], 1, 3);
}
#endif

double dot(const double* x, const double* y, Index n) {
  vd a0{}, a1{}, a2{}, a3{};
  Index i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes) {
    a0 += load(x + i) * load(y + i);
    a1 += load(x + i + kLanes) * load(y + i + kLanes);
    a2 += load(x + i + 2 * kLanes) * load(y + i + 2 * kLanes);
    a3 += load(x + i + 3 * kLanes) * load(y + i + 3 * kLanes);
  }
  for (; i + kLanes <= n; i += kLanes) a0 += load(x + i) * load(y + i);
  double s = sum((a0 + a1) + (a2 + a3));
  for (; i < n; ++i) s += x[i] * y[i];
  return s;
}

void axpy(double a, const double* x, double* y, Index n) {
  const vd av = spread(a);
  Index i = 0;
  for (; i + kLanes <= n; i += kLanes) store(y + i, load(y + i) + av * load(x + i));
  for (; i < n; ++i) y[i] += a * x[i];
}

void combine(const double* const* columns, const double* b, Index m, Index n, double* y) {
  for (Index lo = 0; lo < n; lo += kRowTile) {
    const Index len = n - lo < kRowTile ? n - lo : kRowTile;
    double* out = y + lo;
    Index k = 0;
    for (; k + 4 <= m; k += 4) {
      const double *x0 = columns[k] + lo, *x1 = columns[k + 1] + lo, *x2 = columns[k + 2] + lo,
                   *x3 = columns[k + 3] + lo;
      const double b0 = b[k], b1 = b[k + 1], b2 = b[k + 2], b3 = b[k + 3];
      const vd v0 = spread(b0), v1 = spread(b1), v2 = spread(b2), v3 = spread(b3);
      Index i = 0;
      for (; i + kLanes <= len; i += kLanes)
        store(out + i, load(out + i) + ((v0 * load(x0 + i) + v1 * load(x1 + i)) +
                                        (v2 * load(x2 + i) + v3 * load(x3 + i))));
      for (; i < len; ++i) out[i] += (b0 * x0[i] + b1 * x1[i]) + (b2 * x2[i] + b3 * x3[i]);
    }
    for (; k < m; ++k) axpy(b[k], columns[k] + lo, out, len);
  }
}

// f(i, v) for every vector of x, the last one filled up with ones; what f returns goes to `out`.
template <class F>
EXCISE_INLINE void map(const double* x, Index n, double* out, const F& f) {
  Index i = 0;
  for (; i + kLanes <= n; i += kLanes) store(out + i, f(load(x + i)));
  if (i == n) return;
  vd some = spread(1.0);
  for (Index k = 0; k < n - i; ++k) some[k] = x[i + k];
  some = f(some);
  for (Index k = 0; k < n - i; ++k) out[i + k] = some[k];
}

typedef long long vi __attribute__((vector_size(kLanes * sizeof(long long))));
constexpr double kLn2 = 0x1.62e42fefa38p-1, kLn2Rest = 0x1.ef35793c7673p-45;  // the first is short
constexpr double kToInteger = 0x1.8p52;  // what is added to this is rounded to an integer

// e^x = 2^k e^r with |r| <= ln 2 / 2, e^r by its Taylor series; 2^k in two factors, so that results
// below the normal numbers come out too.
EXCISE_INLINE vd exponential(vd x) {
  x = x < -746.0 ? spread(-746.0) : x;
  x = x > 710.0 ? spread(710.0) : x;
  const vd shifted = x * 0x1.71547652b82fep0 + kToInteger, k = shifted - kToInteger;
  const vd r = (x - k * kLn2) - k * kLn2Rest;
  vd sum = spread(1.0 / 6227020800.0);
  for (const double c :
       {1.0 / 479001600.0, 1.0 / 39916800.0, 1.0 / 3628800.0, 1.0 / 362880.0, 1.0 / 40320.0,
        1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5})
    sum = sum * r + c;
  sum = 1.0 + (r + r * r * sum);
  const vi whole = (vi)shifted - (vi)spread(kToInteger), half = whole >> 1;
  const vd first = (vd)((half + 1023) << 52), second = (vd)((whole - half + 1023) << 52);
  return sum * first * second;
}
void exponentials(const double* x, Index n, double* out) {
  map(x, n, out, [](vd v) { return exponential(v); });
}

// log x = k ln 2 + log m with m between sqrt(1/2) and sqrt(2); log m = 2 artanh((m - 1) / (m + 1)).
EXCISE_INLINE vd logarithm(vd x) {
  const vi small = (vi)(x < 0x1p-1000);
  x = small ? x * 0x1p60 : x;
  const vi bits = (vi)x, root_half = (vi)spread(0x1.6a09e667f3bcdp-1);
  const vi whole = (bits - root_half) >> 52;
  const vd m = (vd)(bits - (whole << 52));
  const vd k = ((vd)(whole + (vi)spread(kToInteger)) - kToInteger) - (small ? spread(60.0) : vd{});
  const vd s = (m - 1.0) / (m + 1.0), z = s * s;
  vd sum = spread(2.0 / 21);
  for (const double c :
       {2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13, 2.0 / 11, 2.0 / 9, 2.0 / 7, 2.0 / 5, 2.0 / 3})
    sum = sum * z + c;
  return k * kLn2 + (k * kLn2Rest + (2.0 * s + s * z * sum));
}
void logarithms(const double* x, Index n, double* out) {
  map(x, n, out, [](vd v) { return logarithm(v); });
}

EXCISE_INLINE vd larger(vd a, vd b) { return a > b ? a : b; }
EXCISE_INLINE vd smaller(vd a, vd b) { return a < b ? a : b; }

double scores(const double* c, const double* up, const double* down, Index p, double* out) {
  vd most{};
  Index j = 0;
  for (; j + kLanes <= p; j += kLanes) {
    const vd cj = load(c + j), score = larger(load(up + j) * cj, -load(down + j) * cj);
    store(out + j, score);
    most = larger(most, score);
  }
  double best = 0.0;
  for (int i = 0; i < kLanes; ++i) best = most[i] > best ? most[i] : best;
  for (; j < p; ++j) {
    const double a = up[j] * c[j], b = -down[j] * c[j];
    out[j] = a > b ? a : b;
    best = out[j] > best ? out[j] : best;
  }
  return best;
}

// Adds to `indices` those of j, j + 1, ... whose score reaches the threshold; there is room for
// all.
EXCISE_INLINE Index list(vd score, vd threshold, Index j, Index* indices, Index count) {
#if defined(__AVX512F__)
  const __mmask8 reached = _mm512_cmp_pd_mask(score, threshold, _CMP_GE_OQ);
  const __m512i lanes = _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0) + _mm512_set1_epi64(j);
  _mm512_storeu_si512(indices + count, _mm512_maskz_compress_epi64(reached, lanes));
  return count + __builtin_popcount(reached);
#else
#if defined(__AVX2__)
  if (_mm256_movemask_pd(_mm256_cmp_pd(score, threshold, _CMP_GE_OQ)) == 0) return count;
#endif
  for (int l = 0; l < kLanes; ++l) {
    indices[count] = j + l;
    count += score[l] >= threshold[l];
  }
  return count;
#endif
}

Index bounds(const double* c, const double* d, double t, double slack, const double* up,
             const double* down, Index p, double threshold, Index* indices) {
  const vd tv = spread(t), sv = spread(slack), least = spread(threshold);
  Index count = 0, j = 0;
  for (; j + kLanes <= p; j += kLanes) {
    const vd cj = load(c + j), v = cj + tv * (load(d + j) - cj);
    const vd score = larger(load(up + j) * (sv + v), load(down + j) * (sv - v));
    count = list(score, least, j, indices, count);
  }
  for (; j < p; ++j) {
    const double v = c[j] + t * (d[j] - c[j]), a = up[j] * (slack + v), b = down[j] * (slack - v);
    indices[count] = j;
    count += (a > b ? a : b) >= threshold;
  }
  return count;
}

Index above(const double* values, Index p, double threshold, Index* indices) {
  const vd least = spread(threshold);
  Index count = 0, j = 0;
  for (; j + kLanes <= p; j += kLanes) count = list(load(values + j), least, j, indices, count);
  for (; j < p; ++j) {
    indices[count] = j;
    count += values[j] >= threshold;
  }
  return count;
}

constexpr double kOnes[] = {1, 1, 1, 1, 1, 1, 1, 1};

// Rows of weight zero count for nothing, not even for min and max.
template <class T>
EXCISE_INLINE void moments(const T* x, Index n, double pilot, const double* w, double* running) {
  vd total{}, squares{}, low = spread(running[2]), high = spread(running[3]);
  const vd p = spread(pilot), zero{};
  const auto weigh = [&](vd d, vd wi) __attribute__((always_inline)) {
    total += wi * d;
    squares += wi * d * d;
    low = wi > zero ? smaller(d, low) : low;
    high = wi > zero ? larger(d, high) : high;
  };
  Index i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const vd d = load(x + i) - p;
    if (w) {
      weigh(d, load(w + i));
    } else {
      total += d;
      squares += d * d;
      low = smaller(d, low);
      high = larger(d, high);
    }
  }
  if (i < n) {
    const vd d = load_some(x + i, n - i) - p;
    weigh(d, load_some(w ? w + i : kOnes, n - i));
  }
  running[0] += sum(total);
  running[1] += sum(squares);
  for (int l = 0; l < kLanes; ++l) {
    running[2] = low[l] < running[2] ? low[l] : running[2];
    running[3] = high[l] > running[3] ? high[l] : running[3];
  }
}

void moments_f64(const double* x, Index n, double pilot, const double* w, double* running) {
  moments(x, n, pilot, w, running);
}
void moments_f32(const float* x, Index n, double pilot, const double* w, double* running) {
  moments(x, n, pilot, w, running);
}

// out(c, l) += sum_i (x_c[i] - shift_c) r_l[i] for C columns and K right-hand sides
template <class T, int C, int K>
EXCISE_INLINE void dots(const T* const* columns, Index lo, const double* shift, const double* r,
                        Index ldr, Index n, double* out, Index ldo) {
  const T* x[std::size_t{C}];
  for (int c = 0; c < C; ++c) x[c] = columns[c] + lo;
  vd acc[std::size_t{C}][std::size_t{K}] = {};
  vd s[std::size_t{C}];
  for (int c = 0; c < C; ++c) s[c] = spread(shift ? shift[c] : 0.0);
  const auto add = [&](const auto& get) __attribute__((always_inline)) {
    vd xv[std::size_t{C}];
    for (int c = 0; c < C; ++c) xv[c] = get(x[c]) - s[c];
    for (int l = 0; l < K; ++l) {
      const vd rv = get(r + l * ldr);
      for (int c = 0; c < C; ++c) acc[c][l] += xv[c] * rv;
    }
  };
  Index i = 0;
  const auto whole = [&](auto* v) __attribute__((always_inline)) { return load(v + i); };
  const auto rest = [&](auto* v) __attribute__((always_inline)) { return load_some(v + i, n - i); };
  for (; i + kLanes <= n; i += kLanes) add(whole);
  if (i < n) add(rest);
  for (int l = 0; l < K; ++l) {
    double* const target = out + l * ldo;
    if constexpr (C == kColumns) {
      vc_any* const all = reinterpret_cast<vc_any*>(target);
      *all += sums_of(acc, l);
    } else {
      for (int c = 0; c < C; ++c) target[c] += sum(acc[c][l]);
    }
  }
}

template <class T, int C>
EXCISE_INLINE void dots_all(const T* const* x, Index lo, const double* shift, const double* r,
                            Index ldr, Index k, Index n, double* out, Index ldo) {
  Index l = 0;
  for (; l + kRhs <= k; l += kRhs)
    dots<T, C, kRhs>(x, lo, shift, r + l * ldr, ldr, n, out + l * ldo, ldo);
  for (; l + 2 <= k; l += 2) dots<T, C, 2>(x, lo, shift, r + l * ldr, ldr, n, out + l * ldo, ldo);
  for (; l < k; ++l) dots<T, C, 1>(x, lo, shift, r + l * ldr, ldr, n, out + l * ldo, ldo);
}

// The columns begin at what `at` says of j.
template <class T, class At>
EXCISE_INLINE void columns(const At& at, Index n, Index p, const double* shift, const double* r,
                           Index ldr, Index k, double* out, Index ldo) {
  for (Index lo = 0; lo < n; lo += kRowTile) {
    const Index len = n - lo < kRowTile ? n - lo : kRowTile;
    const double* rt = r + lo;
    const T* x[std::size_t{kColumns}];
    Index j = 0;
    for (; j + kColumns <= p; j += kColumns) {
      for (int c = 0; c < kColumns; ++c) x[c] = at(j + c);
      dots_all<T, kColumns>(x, lo, shift ? shift + j : nullptr, rt, ldr, k, len, out + j, ldo);
    }
    for (; j < p; ++j) {
      x[0] = at(j);
      dots_all<T, 1>(x, lo, shift ? shift + j : nullptr, rt, ldr, k, len, out + j, ldo);
    }
  }
}

template <class T>
EXCISE_INLINE void spaced(const T* x, Index stride, Index n, Index p, const double* shift,
                          const double* r, Index ldr, Index k, double* out, Index ldo) {
  columns<T>([=](Index j) { return x + j * stride; }, n, p, shift, r, ldr, k, out, ldo);
}

template <class T>
EXCISE_INLINE void scattered(const T* const* x, Index n, Index p, const double* shift,
                             const double* r, Index ldr, Index k, double* out, Index ldo) {
  columns<T>([=](Index j) { return x[j]; }, n, p, shift, r, ldr, k, out, ldo);
}

// out(j, l) += sum over four rows of (x_ij - shift_j) r_il, for columns j in [0, p)
template <class T, int R>
EXCISE_INLINE void few_rows(const T* x, Index stride, Index p, const double* shift, const double* r,
                            Index ldr, Index k, double* out, Index ldo) {
  Index j = 0;
  for (; j + kLanes <= p; j += kLanes) {
    const vd s = shift ? load(shift + j) : vd{};
    vd xv[std::size_t{R}];
    for (int i = 0; i < R; ++i) xv[i] = load(x + i * stride + j) - s;
    for (Index l = 0; l < k; ++l) {
      vd total = load(out + j + l * ldo);
      for (int i = 0; i < R; ++i) total += xv[i] * spread(r[i + l * ldr]);
      store(out + j + l * ldo, total);
    }
  }
  for (; j < p; ++j)
    for (Index l = 0; l < k; ++l)
      for (int i = 0; i < R; ++i)
        out[j + l * ldo] +=
            (static_cast<double>(x[i * stride + j]) - (shift ? shift[j] : 0.0)) * r[i + l * ldr];
}

template <class T>
EXCISE_INLINE void rows(const T* x, Index stride, Index n, Index p, const double* shift,
                        const double* r, Index ldr, Index k, double* out, Index ldo) {
  for (Index lo = 0; lo < p; lo += kColumnTile) {
    const Index len = p - lo < kColumnTile ? p - lo : kColumnTile;
    const double* s = shift ? shift + lo : nullptr;
    Index i = 0;
    for (; i + 4 <= n; i += 4)
      few_rows<T, 4>(x + i * stride + lo, stride, len, s, r + i, ldr, k, out + lo, ldo);
    for (; i < n; ++i)
      few_rows<T, 1>(x + i * stride + lo, stride, len, s, r + i, ldr, k, out + lo, ldo);
  }
}

void columns_f64(const double* x, Index stride, Index n, Index p, const double* shift,
                 const double* r, Index ldr, Index k, double* out, Index ldo) {
  spaced(x, stride, n, p, shift, r, ldr, k, out, ldo);
}
void columns_f32(const float* x, Index stride, Index n, Index p, const double* shift,
                 const double* r, Index ldr, Index k, double* out, Index ldo) {
  spaced(x, stride, n, p, shift, r, ldr, k, out, ldo);
}
void scattered_f64(const double* const* x, Index n, Index p, const double* shift, const double* r,
                   Index ldr, Index k, double* out, Index ldo) {
  scattered(x, n, p, shift, r, ldr, k, out, ldo);
}
void scattered_f32(const float* const* x, Index n, Index p, const double* shift, const double* r,
                   Index ldr, Index k, double* out, Index ldo) {
  scattered(x, n, p, shift, r, ldr, k, out, ldo);
}
void rows_f64(const double* x, Index stride, Index n, Index p, const double* shift, const double* r,
              Index ldr, Index k, double* out, Index ldo) {
  rows(x, stride, n, p, shift, r, ldr, k, out, ldo);
}
void rows_f32(const float* x, Index stride, Index n, Index p, const double* shift, const double* r,
              Index ldr, Index k, double* out, Index ldo) {
  rows(x, stride, n, p, shift, r, ldr, k, out, ldo);
}

#define EXCISE_STRING_(s) #s
#define EXCISE_STRING(s) EXCISE_STRING_(s)

}  // namespace

extern const Kernels table;
const Kernels table{EXCISE_STRING(EXCISE_ISA),
                    dot,
                    axpy,
                    combine,
                    exponentials,
                    logarithms,
                    scores,
                    bounds,
                    above,
                    moments_f64,
                    moments_f32,
                    columns_f64,
                    columns_f32,
                    scattered_f64,
                    scattered_f32,
                    rows_f64,
                    rows_f32};

}  // namespace excise::EXCISE_ISA
