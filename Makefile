# Two commands are enough for a newcomer:
#   make demo   creates .venv, installs excise and runs the main job on the diabetes table
#   make test   creates .venv, installs excise with its test tools and runs every check
# Needed: Python >= 3.11 and a C++20 compiler; all else comes from PyPI.

PYTHON ?= python3
VENV   ?= .venv
BUILD  ?= build
JOBS   ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)

BIN := $(VENV)/bin
PY  := $(BIN)/python
DEV := $(if $(filter command,$(firstword $(origin PYTHON))),$(PYTHON),$(PY))
PIP := $(PY) -m pip --disable-pip-version-check --quiet
CPP := $(wildcard cpp/include/excise/*.hpp cpp/include/excise/*/*.hpp cpp/src/*.cpp cpp/src/*/*.cpp \
                  cpp/bindings/*.hpp cpp/bindings/*.cpp cpp/tests/*.hpp cpp/tests/*.cpp \
                  cpp/fuzz/*.cpp)
CORE_INPUTS := pyproject.toml CMakeLists.txt $(CPP)
PACKAGE := $(shell find src/excise -name '*.py' -o -name '*.csv' -o -name '*.css' -o -name '*.html' \
                   -o -name '*.json')

export CMAKE_BUILD_PARALLEL_LEVEL ?= $(JOBS)

.PHONY: help demo test lint format check-python check-cpp asan tsan fuzz fuzz-cpp tidy core stub bench \
        simulations clean

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make demo     install, then run the main job on the bundled diabetes table, in demo/
demo: $(if $(wildcard $(VENV)/.testing),$(VENV)/.testing,$(VENV)/.installed)
	mkdir -p demo && cd demo && $(abspath $(BIN))/excise demo diabetes --force

## make test     install, then every check: style, types, floors, Python, doctests, C++
test: lint check-python check-cpp

## make lint     ruff, mypy, clang-format, import floors
lint: $(VENV)/.testing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/clang-format --dry-run -Werror $(CPP)
	PYTHONPATH=src $(BIN)/lint-imports --no-cache

## make format   let ruff and clang-format rewrite what they can
format: $(VENV)/.testing
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(CPP)

check-python: $(VENV)/.testing
	OPENBLAS_NUM_THREADS=1 $(BIN)/pytest

check-cpp: $(VENV)/.tools
	$(call cpp_tests,cpp-tests,)

## make asan     the C++ tests under the address and undefined-behaviour sanitizers
asan: $(VENV)/.tools
	$(call cpp_tests,asan,address$(comma)undefined)

## make tsan     the C++ tests under the thread sanitizer
tsan: $(VENV)/.tools
	$(call cpp_tests,tsan,thread)

## make fuzz     long hunts for surprises: random problems of every loss, small and sparse tables
fuzz: $(VENV)/.testing
	$(PY) -m tests.fuzz_engine --count 10000
	$(PY) -m tests.fuzz_small --count 100000
	$(PY) -m tests.fuzz_losses --count 120000
	$(PY) -m tests.fuzz_outputs --count 40000
	$(PY) -m tests.fuzz_sparse --count 100000

## make fuzz-cpp five minutes of libFuzzer (clang) on the sparse entry of the core, under the
##               address and undefined-behaviour sanitizers (SECONDS=... for more)
fuzz-cpp: SECONDS ?= 300
fuzz-cpp: $(VENV)/.tools
	$(CMAKE) -S . -B $(BUILD)/fuzz $(GENERATOR) -DCMAKE_CXX_COMPILER=clang++ -DEXCISE_BINDINGS=OFF \
	    -DEXCISE_FUZZ=ON -DEXCISE_SANITIZE=fuzzer-no-link,address,undefined
	$(CMAKE) --build $(BUILD)/fuzz --target fuzz_sparse --parallel $(JOBS)
	mkdir -p $(BUILD)/fuzz/found
	$(BUILD)/fuzz/fuzz_sparse -max_total_time=$(SECONDS) -max_len=2000 -timeout=10 \
	    $(BUILD)/fuzz/found cpp/fuzz/sparse

## make tidy     clang-tidy over the core (it takes a minute; part of the `dev` extra)
tidy: $(VENV)/.tools
	$(PY) -c "import clang_tidy" 2>/dev/null || $(PIP) install "clang-tidy>=19"
	$(CMAKE) -S . -B $(BUILD)/tidy $(GENERATOR) -DEXCISE_BINDINGS=OFF \
	    -DCMAKE_EXPORT_COMPILE_COMMANDS=ON
	$(BIN)/clang-tidy -p $(BUILD)/tidy --quiet cpp/src/*.cpp

## make core     for developers: build the C++ module in build/ and put it into src/excise/, for
##               PYTHONPATH=src (PYTHON=... chooses another interpreter than .venv's)
core: | $(if $(filter $(PY),$(DEV)),$(VENV)/.tools)
	$(DEV) -c "import nanobind" || $(DEV) -m pip install nanobind
	$(CMAKE) -S . -B $(BUILD)/core $(GENERATOR) \
	    -DPython_EXECUTABLE="$$($(DEV) -c 'import sys; print(sys.executable)')"
	$(CMAKE) --build $(BUILD)/core --target _core --parallel $(JOBS)
	install -m 755 $(BUILD)/core/_core*.so src/excise/

## make stub     write src/excise/_core.pyi from the built module
stub:
	PYTHONPATH=src $(DEV) -m nanobind.stubgen -q -m excise._core -o src/excise/_core.pyi

## make bench    measure against the peers in a venv of its own (ARGS="--problem nci60 --quick")
bench: $(VENV)-bench/.installed
	$(VENV)-bench/bin/python -m benchmarks.run $(ARGS)

## make simulations  the long runs of the examples whose pictures and figures the documents show
simulations: $(VENV)/.testing
	$(PY) examples/plot_phase_transition.py --trials 60 --picture docs/images/phase-transition.svg
	$(PY) examples/plot_schedules.py --seeds 50 --processes $(JOBS) --picture docs/images/schedules.svg

## make clean    remove everything that can be made again
clean:
	rm -rf $(VENV) $(VENV)-bench $(BUILD) demo dist src/excise/_core*.so
	find . -name __pycache__ -prune -exec rm -rf {} +
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage htmlcov

# --- how -----------------------------------------------------------------------------------------

comma := ,

# cmake and ninja: the system's, or PyPI's when `make` installed them.
CMAKE = $(shell command -v cmake || echo $(abspath $(BIN))/cmake)
GENERATOR = $(shell if command -v ninja >/dev/null; then echo "-G Ninja"; fi)

define cpp_tests
	$(CMAKE) -S . -B $(BUILD)/$(1) $(GENERATOR) \
	    -DEXCISE_BINDINGS=OFF -DEXCISE_TESTS=ON -DEXCISE_SANITIZE="$(2)"
	$(CMAKE) --build $(BUILD)/$(1) --parallel $(JOBS)
	$(BUILD)/$(1)/excise_core_tests
endef

$(PY):
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'excise needs Python >= 3.11')"
	$(PYTHON) -m venv $(VENV)

$(VENV)/.tools: | $(PY)
	command -v cmake >/dev/null || $(PIP) install cmake
	touch $@

# A plain install, as `pip install excise` would be.
$(VENV)/.installed: $(CORE_INPUTS) $(PACKAGE) | $(PY)
	$(PIP) install .
	touch $@

# An editable one with the test tools: Python files are used where they stand.
$(VENV)/.testing: $(CORE_INPUTS) | $(PY)
	$(PIP) install --editable ".[test]"
	$(PIP) install --no-deps ISLP  # its tables alone: published figures to compare with
	touch $@

$(VENV)-bench/.installed: benchmarks/requirements.txt $(CORE_INPUTS) $(PACKAGE)
	$(PYTHON) -m venv $(VENV)-bench
	$(VENV)-bench/bin/python -m pip --disable-pip-version-check --quiet install . -r benchmarks/requirements.txt
	$(VENV)-bench/bin/python -m pip --disable-pip-version-check --quiet install --no-deps ISLP
	touch $@
