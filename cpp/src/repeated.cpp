#include "excise/design/repeated.hpp"

#include <algorithm>
#include <stdexcept>

namespace excise {

Repeated::Repeated(std::shared_ptr<const Design> base, Indices place)
    : base_(std::move(base)), place_(std::move(place)) {
  std::vector<char> seen(sz(base_->cols()));
  for (const Index j : place_) {
    if (j < 0 || j >= base_->cols()) throw std::invalid_argument("place: there is no such column");
    seen[sz(j)] = 1;
  }
  if (std::find(seen.begin(), seen.end(), 0) != seen.end())
    throw std::invalid_argument("place: some columns stand nowhere");
}

Indices Repeated::of(std::span<const Index> columns) const {
  Indices out;
  for (const Index j : columns) out.push_back(place_[sz(j)]);
  return out;
}

std::shared_ptr<const Design> Repeated::about(Vec center) const {
  Vec once(sz(base_->cols()));
  for (std::size_t j = 0; j < place_.size(); ++j) once[sz(place_[j])] = center[j];
  auto shifted = base_->about(std::move(once));
  return shifted ? std::make_shared<Repeated>(std::move(shifted), place_) : nullptr;
}

void Repeated::correlate(ConstMatrix r, Matrix out, const Context& context) const {
  const Index p = base_->cols();
  Vec once(sz(p * r.cols));
  base_->correlate(r, Matrix(once.data(), p, r.cols), context);
  for (Index l = 0; l < r.cols; ++l)
    for (Index j = 0; j < cols(); ++j) out(j, l) = once[sz(place_[sz(j)] + l * p)];
}

void Repeated::gather(std::span<const Index> columns, Matrix out) const {
  base_->gather(of(columns), out);
}

void Repeated::tile(Index begin, Index end, Matrix out) const {
  const Index n = end - begin;
  Vec once(sz(n * base_->cols()));
  base_->tile(begin, end, Matrix(once.data(), n, base_->cols()));
  for (Index j = 0; j < cols(); ++j) std::copy_n(once.data() + place_[sz(j)] * n, n, out.column(j));
}

Moments Repeated::moments(std::span<const double> weights, const Context& context) const {
  const Moments once = base_->moments(weights, context);
  Moments out(cols());
  for (std::size_t j = 0; j < place_.size(); ++j) {
    const std::size_t k = sz(place_[j]);
    for (auto v :
         {&Moments::mean, &Moments::mean_rest, &Moments::variance, &Moments::min, &Moments::max})
      (out.*v)[j] = (once.*v)[k];
    if (place_[j] == once.not_finite && out.not_finite < 0) out.not_finite = ix(j);
  }
  return out;
}

void Repeated::predict(std::span<const Index> columns, const double* b, double* out) const {
  base_->predict(of(columns), b, out);
}

}  // namespace excise
