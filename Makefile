# SPDX-License-Identifier: MIT
# Every command of the project. `make help` lists them. Building is CMake's business: this file only calls it.
SHELL := /bin/bash
.DEFAULT_GOAL := build
MAKEFLAGS += --no-print-directory

JOBS ?= $(shell nproc)
BUILD := $(CURDIR)/build
CMAKE := cmake -G Ninja -Wno-dev
NINJA := ninja -j$(JOBS)
# make run RUN_ARGS="unload-under-load --nic e1000 --repeat 5"
RUN_ARGS ?= --all --nic e1000,virtio-net,mixed --load idle,heavy
# make test TESTS=oracle runs the tests whose name matches.
TESTS ?=

.PHONY: help deps build host guest drivers packages run test unit integration test-asan integration-asan lint format bench clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)$$/  \1|\2/' | column -t -s'|'

deps: ## Install the Debian packages that are missing (apt, as root or through sudo)
	@.ci/deps

host: deps
	@test -f $(BUILD)/host/build.ninja || $(CMAKE) -S harness -B $(BUILD)/host >/dev/null
	@$(NINJA) -C $(BUILD)/host --quiet

drivers: deps
	@test -f $(BUILD)/drivers-x64/build.ninja || $(CMAKE) -S drivers -B $(BUILD)/drivers-x64 \
		-DCMAKE_TOOLCHAIN_FILE=$(CURDIR)/drivers/cmake/x86_64-w64-mingw32.cmake >/dev/null
	@test -f $(BUILD)/drivers-i386/build.ninja || $(CMAKE) -S drivers -B $(BUILD)/drivers-i386 \
		-DCMAKE_TOOLCHAIN_FILE=$(CURDIR)/drivers/cmake/i686-w64-mingw32.cmake >/dev/null
	@$(NINJA) -C $(BUILD)/drivers-x64 --quiet
	@$(NINJA) -C $(BUILD)/drivers-i386 --quiet

guest: deps
	@test -f $(BUILD)/guest/build.ninja || $(CMAKE) -S guest-images/reference -B $(BUILD)/guest \
		-DCMAKE_TOOLCHAIN_FILE=$(CURDIR)/drivers/cmake/x86_64-w64-mingw32.cmake >/dev/null
	@$(NINJA) -C $(BUILD)/guest --quiet

packages: drivers ## Build the driver packages for guests that are not ours: INF, catalog, test signature
	@test -f $(BUILD)/package-tools/build.ninja || $(CMAKE) -S drivers/package -B $(BUILD)/package-tools >/dev/null
	@$(NINJA) -C $(BUILD)/package-tools --quiet

build: host guest drivers packages ## Build the host program, the reference guest, the drivers and their packages

run: build ## Run every scenario on each NIC model, idle and under heavy load (RUN_ARGS=... for others)
	@$(BUILD)/rundown run $(RUN_ARGS)

# Tests that boot guests run one at a time whatever -j says (RUN_SERIAL): their figures are about time, too.
test: build ## Build and pass all tests, unit and integration (TESTS=regex for some)
	@ctest --test-dir $(BUILD)/host --output-on-failure -j$(JOBS) $(if $(TESTS),-R '$(TESTS)')

unit: host ## Pass the tests that need no guest
	@ctest --test-dir $(BUILD)/host --output-on-failure -j$(JOBS) -L unit $(if $(TESTS),-R '$(TESTS)')

# GUEST=reactos|windows: the tests that install it from the medium that $RUNDOWN_REACTOS_ISO or $RUNDOWN_WINDOWS_ISO names.
MEDIUM_reactos := RUNDOWN_REACTOS_ISO
MEDIUM_windows := RUNDOWN_WINDOWS_ISO
REAL_reactos := RealGuestReactos
REAL_windows := RealGuestWindows
integration: build ## Pass the tests that boot guests (GUEST=reactos|windows: install it from your own medium)
	@$(if $(GUEST),$(if $(MEDIUM_$(GUEST)),,echo "GUEST is reactos or windows and not '$(GUEST)'"; exit 2),true)
	@ctest --test-dir $(BUILD)/host --output-on-failure --no-tests=error -L integration \
		$(if $(GUEST),-R '$(REAL_$(GUEST))',$(if $(TESTS),-R '$(TESTS)'))
	@$(if $(GUEST),test -n "$$$(MEDIUM_$(GUEST))" || \
		echo "SKIPPED: nothing of $(GUEST) was tried: set $(MEDIUM_$(GUEST)) to an installation medium",true)

test-asan: deps ## Pass the unit tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@test -f $(BUILD)/asan/build.ninja || $(CMAKE) -S harness -B $(BUILD)/asan -DRUNDOWN_SANITIZE=ON >/dev/null
	@$(NINJA) -C $(BUILD)/asan --quiet rundown_unit_tests
	@ctest --test-dir $(BUILD)/asan --output-on-failure -j$(JOBS) -L unit

# What goes on in threads and at ends is what a sanitizer can find here. libvirt keeps its embedded driver to the end of the
# process, which is no leak of ours.
ASAN_TESTS := *StopAt*:Stop.*:*QemuKilledAt*:*HarnessKilled*:LostEvidence*:NoisySerialLine*:GuestFailure*:SideBySide*
integration-asan: build ## Pass some of the tests that boot guests with the program under the sanitizers
	@test -f $(BUILD)/asan/build.ninja || $(CMAKE) -S harness -B $(BUILD)/asan -DRUNDOWN_SANITIZE=ON >/dev/null
	@$(NINJA) -C $(BUILD)/asan --quiet rundown
	@RUNDOWN_TEST_PROGRAM=$(BUILD)/asan/rundown RUNDOWN_ASSETS=$(BUILD) \
		ASAN_OPTIONS=exitcode=86:detect_leaks=0 UBSAN_OPTIONS=exitcode=86:print_stacktrace=1 \
		$(BUILD)/host/tests/rundown_integration_tests --gtest_brief=1 --gtest_filter='$(ASAN_TESTS)'

lint: ## Check formatting of host and driver code, layering, sizes, banned words, links and endings of the READMEs
	@tests/lint/lint.sh

format: ## Format the sources in place
	@git ls-files '*.cpp' '*.hpp' '*.h' | grep -vE '^tests/unit/.*/golden/' | xargs -r clang-format -i

bench: build ## Measure boot, RPC, traffic and bind cycles; prints a table
	@tests/bench/bench.sh

clean: ## Remove everything that was built, and the evidence of runs
	@rm -rf $(BUILD)
