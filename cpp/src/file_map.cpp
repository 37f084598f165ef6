#include "excise/base/file_map.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace excise {

void FileMap::have_read(Index bytes) {
  constexpr Index kResident = 64 << 20;
  if (since_.fetch_add(bytes) + bytes < kResident) return;
  since_ = 0;
#if defined(__unix__) || defined(__APPLE__)
  // Whole pages inside; what another thread reads at this moment comes back from the file.
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<std::uintptr_t>(begin_) + page - 1) / page * page;
  const auto end =
      (reinterpret_cast<std::uintptr_t>(begin_) + static_cast<std::uintptr_t>(bytes_)) / page *
      page;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
#endif
}

}  // namespace excise
