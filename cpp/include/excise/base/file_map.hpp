// Memory that a file can fill again: pages that were read are given back as one goes on, so that a
// file larger than memory is read in a little of it.
#pragma once

#include <atomic>

#include "excise/base/types.hpp"

namespace excise {

class FileMap {
 public:
  // A read-only map of `bytes` from `begin` on
  FileMap(const void* begin, Index bytes) : begin_(begin), bytes_(bytes) {}

  // Tells that so many bytes were read; gives all pages back now and then.
  void have_read(Index bytes);

 private:
  const void* begin_;
  Index bytes_;
  std::atomic<Index> since_{0};
};

}  // namespace excise
