// Chooses the kernels that this processor can run.
#include "excise/base/kernels.hpp"

namespace excise {

namespace baseline {
extern const Kernels table;
}
#ifdef EXCISE_HAS_X86_KERNELS
namespace avx2 {
extern const Kernels table;
}
namespace avx512 {
extern const Kernels table;
}
#endif

const Kernels& kernels() {
#ifdef EXCISE_HAS_X86_KERNELS
  static const Kernels& chosen =
      __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") ? avx512::table
      : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")       ? avx2::table
                                                                              : baseline::table;
  return chosen;
#else
  return baseline::table;
#endif
}

}  // namespace excise
