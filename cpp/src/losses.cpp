// The registry: one line for each loss.
#include <stdexcept>
#include <string>

#include "excise/loss/gamma.hpp"
#include "excise/loss/huber.hpp"
#include "excise/loss/logistic.hpp"
#include "excise/loss/multinomial.hpp"
#include "excise/loss/negative_binomial.hpp"
#include "excise/loss/poisson.hpp"
#include "excise/loss/quantile.hpp"
#include "excise/loss/squared_hinge.hpp"
#include "excise/loss/tweedie.hpp"

namespace excise {
namespace {

template <class Row>
std::shared_ptr<const Loss> of(Row row) {
  return std::make_shared<RowLoss<Row>>(row);
}

}  // namespace

std::shared_ptr<const Loss> make_loss(std::string_view name, double parameter, Index outputs) {
  if (name == "squared") return nullptr;
  if (name == "multinomial" && outputs > 1) return make_multinomial(outputs);
  if (name == "multinomial" || outputs > 1)
    throw std::invalid_argument("loss '" + std::string(name) + "' has no " +
                                std::to_string(outputs) + " outputs");
  if (name == "logistic") return of(LogisticRow{});
  if (name == "poisson") return of(PoissonRow{});
  if (name == "gamma") return of(GammaRow{});
  if (name == "tweedie") return of(TweedieRow{parameter});
  if (name == "negative_binomial") return of(NegativeBinomialRow{parameter});
  if (name == "huber") return of(HuberRow{parameter});
  if (name == "quantile") return std::make_shared<QuantileLoss>(parameter);
  if (name == "squared_hinge") return of(SquaredHingeRow{});
  throw std::invalid_argument("unknown loss '" + std::string(name) + "'");
}

}  // namespace excise
