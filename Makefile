# make demo    build, flash and verify the bundled student on an emulated Cortex-M4 (core install only)
# make test    lint and test everything (all extras but tensorflow)
# make bench   measure both students on every board, into targets/bench.json and docs/measurements.md
# make compare    hold them against other means, into targets/comparison.json and docs/measurements.md
# make faults     try every single fault on the line, and 100,000 random sessions, into targets/faults.json and docs/faults.md
# make fuzz SECONDS=600    hostile bytes and files for so many seconds for each fuzz target of the firmware (docs/fuzzing.md)
# make soak       10,000 clips in a row on each of three boards at once, into targets/soak.json and docs/soak.md
# make students CORPORA=folder    the bundled teacher and students from nothing; takes hours, goes on when interrupted
# Each sets up what it needs; a second call finds it in place.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --quiet --quiet --disable-pip-version-check
ONNX2TF := onnx2tf==2.6.9
RP2040JS := rp2040js@1.4.1

MODEL ?= wav2small-17k
TARGET ?= mps2-an386
CLIPS ?= 100
MODELS := wav2small-17k wav2small-72k

# libc6-dev: gcc only recommends it. The recordings are the demo's speech.
DEBIAN_PACKAGES := gcc libc6-dev gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm \
    asterisk-core-sounds-en-wav
# The other emulated boards, and the programs that write images to real ones.
BOARD_PACKAGES := qemu-system-misc gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf \
    gcc-xtensa-lx106 picolibc-xtensa-lx106-elf gdb-multiarch openocd stlink-tools
# A stand-in for ESP-IDF is a CMake project; clang has libFuzzer.
TEST_PACKAGES := cmake make clang libclang-rt-14-dev

USABLE := import sys, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))
PYTHON := $(shell for python in python3.11 python3 python3.12; do \
    "$$python" -c '$(USABLE)' 2>/dev/null && echo "$$python" && break; done)
ifeq ($(PYTHON),)
DEBIAN_PACKAGES += python3 python3-venv
endif
APT_INSTALL = apt-get install --yes --no-install-recommends $(DEBIAN_PACKAGES)

.PHONY: help demo test lint figures bench compare faults fuzz soak students clean packages
help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

demo: packages $(VENV)/core
	@$(BIN)/toolchain run --target $(TARGET) --model $(MODEL) --clips $(CLIPS)

test: DEBIAN_PACKAGES += $(BOARD_PACKAGES) $(TEST_PACKAGES)
test: packages $(VENV)/dev
	@$(MAKE) --no-print-directory lint
	@$(BIN)/pytest -n 2

lint: $(VENV)/dev
	@$(BIN)/ruff check .
	@$(BIN)/mypy

# The measured figures in README.md and docs/: of the demo's board, and of every board as 'make bench' left them.
figures: packages $(VENV)/core
	@for model in $(MODELS); do \
	    $(BIN)/toolchain run --target $(TARGET) --model $$model --clips $(CLIPS); done
	@$(BIN)/python docs/figures.py

# Goes on where it was interrupted; rows of an unchanged image are kept.
bench: DEBIAN_PACKAGES += $(BOARD_PACKAGES)
bench: packages $(VENV)/core $(VENV)/rp2040js
	@$(BIN)/toolchain bench --all --json targets/bench.json --resume
	@$(BIN)/python docs/figures.py

# Needed only where the firmware, the plain kernel, a student or what it is compared with changes.
compare: DEBIAN_PACKAGES += $(BOARD_PACKAGES)
compare: packages $(VENV)/dev
	@$(BIN)/toolchain bench --all --json targets/bench.json --resume --compare targets/comparison.json
	@$(BIN)/python docs/figures.py

# Takes an hour or two on two cores, and goes on where it was interrupted.
faults: packages $(VENV)/core
	@$(BIN)/toolchain faults --target host --random 100000 --json targets/faults.json --resume
	@$(BIN)/toolchain faults --target microbit --random 1000 --json targets/faults.json --resume
	@$(BIN)/python docs/figures.py

# Goes on from the inputs that earlier runs have kept.
SECONDS ?= 600
fuzz: DEBIAN_PACKAGES += $(TEST_PACKAGES)
fuzz: packages $(VENV)/dev
	@FUZZ_SECONDS=$(SECONDS) $(BIN)/pytest tests/fuzz
	@$(BIN)/python docs/figures.py

# Takes about an hour on two cores, and goes on where it was interrupted: in a new session, which the table says.
soak: DEBIAN_PACKAGES += $(BOARD_PACKAGES)
soak: packages $(VENV)/core
	@$(BIN)/toolchain soak $(addprefix --target ,mps2-an386 mps2-an505 microbit) \
	    --json targets/soak.json --resume
	@$(BIN)/python docs/figures.py

# Seeds and recipes are the defaults of the verbs; only audio of training speakers teaches or calibrates.
TRAINED := build/students
students: packages $(VENV)/dev
	@test -n "$(CORPORA)" || { echo "error: name the corpora: make students CORPORA=folder" >&2; exit 2; }
	@$(BIN)/toolchain teacher train $(CORPORA) --out $(TRAINED)/acted
	@cp $(TRAINED)/acted/{teacher.safetensors,card.md} toolchain/teachers/acted/
	@for model in $(MODELS); do student=$(TRAINED)/$$model; \
	    $(BIN)/toolchain distill $(CORPORA) --model $$model --out $$student; \
	    $(BIN)/toolchain quantize $$student --out $$student \
	        --calibration toolchain/audio/calibration --calibration $(CORPORA); \
	    $(BIN)/toolchain card $$student $(CORPORA); \
	    cp $$student/{card.md,manifest.json,*.onnx,*.tflite,model.safetensors,quantized.safetensors} \
	        toolchain/students/$$model/; done

clean:
	rm -rf build .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

# Debian packages: installed where that is allowed; otherwise the message names the exact line.
packages:
	@if ! command -v dpkg >/dev/null; then \
	    echo "note: this is not Debian; install the equivalents of: $(DEBIAN_PACKAGES)" >&2; \
	elif ! dpkg --status $(DEBIAN_PACKAGES) >/dev/null 2>&1; then \
	    if [ "$$(id -u)" = 0 ]; then sudo=""; \
	    elif sudo --non-interactive true 2>/dev/null; then sudo=sudo; \
	    else echo "error: Debian packages are missing; install them with: sudo $(APT_INSTALL)" >&2; exit 3; fi; \
	    echo "installing Debian packages: $(DEBIAN_PACKAGES)"; \
	    $$sudo apt-get --quiet --quiet update; \
	    $$sudo env DEBIAN_FRONTEND=noninteractive $(APT_INSTALL) --quiet --quiet >/dev/null; \
	fi

$(BIN)/python: | packages
	@python=$(PYTHON); python=$${python:-python3}; \
	"$$python" -c '$(USABLE)' 2>/dev/null || { \
	    echo "error: Python 3.11 or 3.12 with its venv module is needed;" \
	        "on Debian 12: sudo apt-get install python3-venv" >&2; exit 3; }; \
	"$$python" -m venv $(VENV)

$(VENV)/core: pyproject.toml | $(BIN)/python
	@echo "installing the core into $(VENV)"
	@$(PIP) install --editable .
	@touch $@

$(VENV)/dev: pyproject.toml | $(BIN)/python $(VENV)/rp2040js
	@echo "installing all extras but tensorflow into $(VENV) (about 2 GB)"
	@$(PIP) install --editable '.[dev]'
	@$(PIP) install --no-deps --ignore-requires-python $(ONNX2TF)
	@touch $@

# Made even where npm is missing: the simulated RP2040 is optional.
$(VENV)/rp2040js: | $(BIN)/python
	@npm install --silent --no-audit --no-fund --prefix $(VENV) $(RP2040JS) \
	    || echo "note: without npm and $(RP2040JS), the simulated RP2040 is left out" >&2
	@touch $@
