// Chooses the kernels that this processor can run.
#include "excise/base/kernels.hpp"
#include "excise/base/single_kernels.hpp"

namespace excise {

namespace baseline {
extern const Kernels table;
extern const SingleKernels single;
}  // namespace baseline
#ifdef EXCISE_HAS_X86_KERNELS
namespace avx2 {
extern const Kernels table;
extern const SingleKernels single;
}  // namespace avx2
namespace avx512 {
extern const Kernels table;
extern const SingleKernels single;
}  // namespace avx512
#endif

namespace {

struct Chosen {
  const Kernels& kernels;
  const SingleKernels& single;
};

Chosen choose() {
#ifdef EXCISE_HAS_X86_KERNELS
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq"))
    return {avx512::table, avx512::single};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {avx2::table, avx2::single};
#endif
  return {baseline::table, baseline::single};
}

}  // namespace

const Kernels& kernels() {
  static const Kernels& chosen = choose().kernels;
  return chosen;
}

const SingleKernels& single_kernels() {
  static const SingleKernels& chosen = choose().single;
  return chosen;
}

}  // namespace excise
