// Engine: one problem on one table, and its paths.
#include "arrays.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>

#include <algorithm>
#include <chrono>
#include <mutex>

#include "excise/base/kernels.hpp"
#include "excise/loss/cox.hpp"
#include "excise/path/cross_validation.hpp"
#include "excise/path/report.hpp"

using namespace excise;
using namespace nb::literals;

excise::Context python_context(int n_threads, nb::object check) {
  using Clock = std::chrono::steady_clock;
  struct State {
    Clock::time_point last;
    nb::object check;
  };
  // Shared: contexts are copied by threads that do not hold the GIL
  auto state = std::make_shared<State>(State{Clock::now(), std::move(check)});
  return {n_threads, [state] {
            const auto now = Clock::now();
            if (now - state->last < std::chrono::milliseconds(20)) return;
            state->last = now;
            nb::gil_scoped_acquire held;
            if (PyErr_CheckSignals() != 0) throw nb::python_error();
            if (!state->check.is_none()) state->check();
          }};
}

namespace {

// Releases the GIL, then waits for the engine: Python threads that share one take turns.
struct Turn {
  explicit Turn(std::mutex& mutex) : lock(mutex) {}
  nb::gil_scoped_release released;
  std::lock_guard<std::mutex> lock;
};

// Groups of columns as compressed rows: (indptr, indices)
using GroupsIn = std::tuple<IndicesIn, IndicesIn>;
// What groups pay beside their penalty weight: (a weight for each, share paid column by column)
using GroupTaxIn = std::tuple<FloatsIn, double>;

// A concave penalty: its name and its shape
using ConcaveIn = std::tuple<std::string, double>;

ConcaveShape concave_of(const std::string& name, double shape) {
  const std::pair<const char*, Curve> known[] = {
      {"mcp", Curve::Mcp}, {"scad", Curve::Scad}, {"log", Curve::Log}, {"lq", Curve::Lq}};
  for (const auto& [known_name, curve] : known)
    if (name == known_name) return {curve, shape};
  throw std::invalid_argument("concave: unknown penalty " + name);
}

// Times, entries and strata of a Cox model: (time, entry or none, stratum or none)
using SurvivalIn = std::tuple<FloatsIn, std::optional<FloatsIn>, std::optional<IndicesIn>>;

std::shared_ptr<const Loss> loss_of(const std::string& name, double parameter, const FloatsIn& y,
                                    const std::optional<SurvivalIn>& survival, Index outputs) {
  if (!survival) return make_loss(name, parameter, outputs);
  const auto& [time, entry, stratum] = *survival;
  Survival s{to_vector(time), to_vector(y), {}, {}};
  if (entry) s.entry = to_vector(*entry);
  if (stratum) s.stratum = to_vector(*stratum);
  for (const std::size_t size :
       {s.time.size(), entry ? s.entry.size() : y.size(), stratum ? s.stratum.size() : y.size()})
    if (size != y.size()) throw std::invalid_argument("survival: one number per row");
  return make_cox(s, parameter > 0 ? Ties::Efron : Ties::Breslow);
}

Asked asked_of(const FloatsIn& alphas, const std::optional<FloatsIn>& shares) {
  return {to_span(alphas), shares ? to_span(*shares) : std::span<const double>()};
}

class PyEngine {
 public:
  PyEngine(std::shared_ptr<const Design> design, const FloatsIn& y, std::optional<FloatsIn> weights,
           const FloatsIn& penalty_weight, const FloatsIn& lower, const FloatsIn& upper,
           double l1_ratio, bool fit_intercept, bool standardize, const std::string& loss,
           double parameter, double tol, std::optional<FloatsIn> offset, int n_threads,
           nb::object check, const std::optional<SurvivalIn>& survival, Index outputs,
           const std::optional<GroupsIn>& groups, const std::optional<ConcaveIn>& concave,
           const std::optional<GroupTaxIn>& group_tax)
      : given_(std::move(design)), check_(std::move(check)) {
    Statement s;
    s.y = to_vector(y);
    if (weights) s.weights = to_vector(*weights);
    s.penalty_weight = to_vector(penalty_weight);
    s.lower = to_vector(lower);
    s.upper = to_vector(upper);
    s.l1_ratio = l1_ratio;
    s.fit_intercept = fit_intercept;
    s.standardize = standardize;
    s.outputs = outputs;
    check_lengths(s, offset ? offset->size() : y.size());
    s.loss = loss_of(loss, parameter, y, survival, outputs);
    s.tol = tol;
    if (offset) s.offset = to_vector(*offset);
    if (groups) {
      s.group_start = to_vector(std::get<0>(*groups));
      s.group_members = to_vector(std::get<1>(*groups));
      if (s.group_start.empty()) throw std::invalid_argument("groups: indptr is empty");
    }
    if (concave) {
      s.concave = concave_of(std::get<0>(*concave), std::get<1>(*concave));
      if (s.loss || groups || outputs > 1)
        throw std::invalid_argument("concave: the squared loss of one output alone");
    }
    if (group_tax) {
      s.group_weight = to_vector(std::get<0>(*group_tax));
      s.l1_share = std::get<1>(*group_tax);
      if (!groups || !(s.l1_share >= 0 && s.l1_share < 1))
        throw std::invalid_argument("group_tax: needs groups, and a share in [0, 1)");
    }
    context_ = python_context(n_threads, check_);
    before_reading();
    nb::gil_scoped_release released;
    start(std::move(s));
  }

  // `start`: (alpha, indices, coefficients per standard deviation) of a solved point
  nb::dict path(const FloatsIn& alphas,
                std::optional<std::tuple<double, IndicesIn, FloatsIn>> start,
                const std::optional<FloatsIn>& shares) {
    before_reading();
    const double unit = usable().unit();
    Start point;
    if (start) {
      const auto& [alpha, indices, values] = *start;
      point = {alpha / unit, to_vector(indices), to_vector(values)};
      const Index outputs = engine_->statement().outputs;
      for (std::size_t k = 0; k < point.values.size(); ++k)
        point.values[k] /= unit * engine_->scaling().length(point.support[k] / outputs);
    }
    PathResult result;
    {
      const Turn turn(mutex_);
      result = engine_->path(asked_of(alphas, shares), start ? &point : nullptr);
    }
    nb::list refined;
    for (auto& points : result.refined) {
      PathResult one;
      one.points = std::move(points);
      refined.append(pack(std::move(one)));
    }
    nb::dict out = pack(std::move(result));
    if (shares) out["refined"] = refined;
    return out;
  }

  nb::tuple events(double last, const IndicesIn& candidates) {
    before_reading();
    const Indices members = to_vector(candidates);
    std::vector<Event> found;
    {
      const Turn turn(mutex_);
      found = usable().events(last, members);
    }
    Vec alphas;
    Indices features, enters;
    for (const Event& e : found) {
      alphas.push_back(e.alpha);
      features.push_back(e.feature);
      enters.push_back(e.enters);
    }
    return nb::make_tuple(to_numpy(std::move(alphas)), to_numpy(std::move(features)),
                          to_numpy(std::move(enters)));
  }

  std::unique_ptr<CrossValidator> validator(Folds folds) {
    before_reading();
    const Turn turn(mutex_);
    return std::make_unique<CrossValidator>(usable(), std::move(folds), context_);
  }
  HeldOut held_out(const CrossValidator& validator, const Asked& asked, bool eta) {
    before_reading();
    const Turn turn(mutex_);
    return validator.run(asked, eta, context_);
  }

  // With the null model fitted
  const Engine& started() {
    Engine& engine = usable();
    const Turn turn(mutex_);
    engine.start();
    return engine;
  }

  const Engine& engine() const { return usable(); }
  Index not_finite() const { return not_finite_; }
  Index unsquarable() const { return unsquarable_; }
  // Whether a feature pays nothing at all, neither tax nor ridge
  bool has_free() const {
    const Vec& weight = usable().statement().penalty_weight;
    return std::find(weight.begin(), weight.end(), 0.0) != weight.end();
  }

 private:
  void check_lengths(const Statement& s, std::size_t offset) const {
    const std::size_t n = sz(given_->rows()), p = sz(given_->cols());
    if (s.outputs < 1) throw std::invalid_argument("outputs: at least 1");
    if (s.y.size() != n * sz(s.outputs) || offset != s.y.size())
      throw std::invalid_argument("y and offset: one number per row and output");
    if (!s.weights.empty() && s.weights.size() != n)
      throw std::invalid_argument("weights: one number per row");
    for (const Vec* v : {&s.penalty_weight, &s.lower, &s.upper})
      if (v->size() != p)
        throw std::invalid_argument("penalty_weight, lower and upper: one number per column");
  }

  // The first look at data that may have gone meanwhile; the next ones are the polls.
  void before_reading() const {
    if (!check_.is_none()) check_();
  }

  Engine& usable() const {
    if (!engine_) throw std::invalid_argument("X cannot be used: see not_finite and unsquarable");
    return *engine_;
  }

  void start(Statement s) {
    Moments moments = given_->moments(s.weights, context_);
    not_finite_ = moments.not_finite;
    if (not_finite_ >= 0) return;
    unsquarable_ = moments.unsquarable();
    if (unsquarable_ >= 0) return;
    s.design = given_;
    if (s.fit_intercept)
      if (auto shifted = given_->about(moments.mean)) {
        s.design = std::move(shifted);
        shift_ = std::exchange(moments.mean, moments.mean_rest);
      }
    engine_ = std::make_unique<Engine>(std::move(s), std::move(moments), context_);
  }

  nb::dict pack(PathResult result) const {
    Report r = report(*engine_, mean(), result);
    nb::dict out;
    out["indptr"] = to_numpy(std::move(r.indptr));
    out["indices"] = to_numpy(std::move(r.indices));
    out["coef"] = to_numpy(std::move(r.coef));
    out["coef_std"] = to_numpy(std::move(r.coef_std));
    out["intercepts"] = to_numpy(std::move(r.intercepts));
    out["relative_gaps"] = to_numpy(std::move(r.relative_gaps));
    out["violations"] = to_numpy(std::move(r.violations));
    out["losses"] = to_numpy(std::move(r.losses));
    out["correlations"] = to_numpy(std::move(r.correlations));
    out["finite"] = r.finite;
    out["n_solves"] = result.n_solves;
    out["n_passes"] = result.n_passes;
    return out;
  }

  std::shared_ptr<const Design> given_;  // owns the memory that others only read
  nb::object check_;
  Context context_;
  std::mutex mutex_;
  std::unique_ptr<Engine> engine_;
  Vec shift_;
  Index not_finite_ = -1, unsquarable_ = -1;

 public:
  // The largest |centre| of a column, over its scale
  double farthest() const {
    const Vec& scale = usable().scaling().scale;
    const Vec centre = mean();
    double most = 0.0;
    for (std::size_t j = 0; j < scale.size(); ++j)
      if (scale[j] > 0) most = std::max(most, std::abs(centre[j]) / scale[j]);
    return most;
  }

  // The centre on the original scale: the design is shifted by it
  Vec mean() const {
    Vec mean = engine_->scaling().mean;
    for (std::size_t j = 0; j < shift_.size(); ++j) mean[j] += shift_[j];
    return mean;
  }
};

// The folds of one cross-validation; several may use one engine.
class PyFolds {
 public:
  PyFolds(PyEngine& engine, Folds folds)
      : engine_(engine), validator_(engine.validator(std::move(folds))) {}

  nb::tuple held_out(const FloatsIn& alphas, bool eta,
                     const std::optional<FloatsIn>& shares) const {
    HeldOut out = engine_.held_out(*validator_, asked_of(alphas, shares), eta);
    nb::list predictors;
    for (Vec& fold : out.eta) predictors.append(to_numpy(std::move(fold)));
    return nb::make_tuple(to_numpy(std::move(out.errors)), to_numpy(std::move(out.null)),
                          out.worst_gap, predictors);
  }

 private:
  PyEngine& engine_;
  std::unique_ptr<CrossValidator> validator_;
};

// `roles`: (folds, rows) of 0 unused, 1 train, 2 test. Column refill_columns[m] of fold f is
// x + deltas(f, m) * x[refill_indicators[m]].
PyFolds folds_of(PyEngine& engine, const RolesIn& roles, const IndicesIn& refill_columns,
                 const IndicesIn& refill_indicators, const FloatsIn2& deltas) {
  Folds folds;
  const std::size_t count = roles.shape(0), n = roles.shape(1), m = refill_columns.size();
  for (std::size_t f = 0; f < count; ++f) {
    const auto* row = reinterpret_cast<const Role*>(roles.data()) + f * n;
    folds.role.emplace_back(row, row + n);
    if (m == 0) continue;
    std::vector<Refill> refills;
    for (std::size_t k = 0; k < m; ++k)
      refills.push_back(
          {refill_columns.data()[k], refill_indicators.data()[k], deltas.data()[f * m + k]});
    folds.refills.push_back(std::move(refills));
  }
  return {engine, std::move(folds)};
}

}  // namespace

void bind_engine(nb::module_& m) {
  nb::class_<PyFolds>(m, "Folds", "Who trains and who is held out, fold by fold.")
      .def("held_out", &PyFolds::held_out, "alphas"_a, "eta"_a = false, "shares"_a = nb::none(),
           "Held-out mean deviances (fold after fold), those of the intercepts alone, the worst "
           "relative gap of the training paths and, if wanted, per fold the predictors of its "
           "held-out rows: with the intercept alone, then at every alpha. With shares: of the "
           "points refined at each of them, share after share.");
  nb::class_<PyEngine>(m, "Engine", "One problem on one table: certified paths.")
      .def(nb::init<std::shared_ptr<const Design>, const FloatsIn&, std::optional<FloatsIn>,
                    const FloatsIn&, const FloatsIn&, const FloatsIn&, double, bool, bool,
                    const std::string&, double, double, std::optional<FloatsIn>, int, nb::object,
                    const std::optional<SurvivalIn>&, Index, const std::optional<GroupsIn>&,
                    const std::optional<ConcaveIn>&, const std::optional<GroupTaxIn>&>(),
           "design"_a, "y"_a, "weights"_a.none(), "penalty_weight"_a, "lower"_a, "upper"_a,
           "l1_ratio"_a, "fit_intercept"_a, "standardize"_a, "loss"_a = "squared",
           "parameter"_a = 0.0, "tol"_a = 1e-10, "offset"_a = nb::none(), "n_threads"_a = 1,
           "check"_a = nb::none(), "survival"_a = nb::none(), "outputs"_a = 1,
           "groups"_a = nb::none(), "concave"_a = nb::none(), "group_tax"_a = nb::none())
      .def_prop_ro("not_finite", &PyEngine::not_finite)
      .def_prop_ro("unsquarable", &PyEngine::unsquarable)
      .def_prop_ro("alpha_max", [](PyEngine& e) { return e.started().alpha_max(); })
      .def_prop_ro("top_gradient", [](PyEngine& e) { return e.started().top_gradient(); })
      .def_prop_ro("grid_top", [](PyEngine& e) { return e.started().grid_top(); })
      .def_prop_ro("null_loss", [](const PyEngine& e) { return e.engine().null_loss(); })
      .def_prop_ro("unit", [](const PyEngine& e) { return e.engine().unit(); })
      .def_prop_ro("y_mean", [](const PyEngine& e) { return e.engine().scaling().y_mean; })
      .def_prop_ro(
          "mean", [](const PyEngine& e) { return to_numpy(e.mean()); }, nb::rv_policy::move)
      .def_prop_ro(
          "scale", [](const PyEngine& e) { return to_numpy(e.engine().scaling().scale); },
          nb::rv_policy::move)
      .def_prop_ro(
          "farthest", [](const PyEngine& e) { return e.farthest(); },
          "The largest |mean| of a column over its scale.")
      .def_prop_ro("has_free", &PyEngine::has_free)
      .def_prop_ro("uses_gram", [](const PyEngine& e) { return e.engine().uses_gram(); })
      .def("path", &PyEngine::path, "alphas"_a, "start"_a = nb::none(), "shares"_a = nb::none(),
           "Certified points at falling alphas, as compressed columns and arrays. With shares, "
           "`refined` has the same for each: the supports fitted again at this share of alpha.")
      .def("folds", &folds_of, "roles"_a, "refill_columns"_a, "refill_indicators"_a, "deltas"_a,
           nb::keep_alive<0, 1>(),
           "Folds to cross-validate; where moments serve, X is read here and not again.")
      .def("events", &PyEngine::events, "last"_a, "candidates"_a,
           "Entries and exits between alpha_max and `last`: alphas, features, 1 = enters.");
  m.def(
      "kernels", [] { return std::string(kernels().name); },
      "The instruction set that the kernels were chosen for.");
}
