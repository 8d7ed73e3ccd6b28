# make run     everything, on this machine, with a simulated fleet     (needs Python 3.11+, nothing else)
# make test    the whole test suite, with everything it needs
# make prove   the long proofs: real recordings where they are at hand, programs and database killed in many rounds
# make bench   how fast points come in, are read and reach the screens; start it on a quiet machine
# make fuzz    ten million random and mutated bytes for every decoder of trackers; the API against its description
# make lint    style, types and the order of the subsystems
# make build   the Python package, into dist/
# make lock    newest versions of all dependencies, pinned by hash
#
# Settings come from the environment: ERP_PORT, ERP_HOME, ERP_FLEET, DATABASE_URL, ... (core/config.py)

.PHONY: run test prove bench fuzz lint build lock clean
.DEFAULT_GOAL := run

# The stamps make a second start quick: nothing is installed unless what is to be installed changed, or the
# folder was moved or copied (an environment holds its own path, and so does the name of its stamp).
ours := pyproject.toml infra/venv.sh infra/lock/build.txt
here := $(shell pwd -P | cksum | cut -d ' ' -f 1)
installed := .venv/.installed-$(here)
installed_for_tests := .venv/.installed-for-tests-$(here)

run: $(installed)
	@exec .venv/bin/erp run

test: $(installed_for_tests)
	.venv/bin/python -m infra.browser
	.venv/bin/python -m pytest -n 2 --dist loadgroup

prove: $(installed_for_tests)
	.venv/bin/python -m infra.browser
	.venv/bin/python -m infra.proofs
	.venv/bin/python -m pytest -n 0 -m proof -o log_cli=true -o log_cli_level=INFO

bench: $(installed_for_tests)
	.venv/bin/python -m infra.browser
	.venv/bin/python -m infra.bench.live
	.venv/bin/python -m infra.bench.fanout
	.venv/bin/python -m infra.bench.ingest
	.venv/bin/python -m infra.bench.sockets
	.venv/bin/python -m infra.bench.burst
	.venv/bin/python -m infra.bench.reads
	.venv/bin/python -m infra.bench.history --days 1
	.venv/bin/python -m infra.bench.detection
	.venv/bin/python -m infra.bench.bearer
	.venv/bin/python -m infra.bench.manners
	.venv/bin/python -m infra.bench.orders
	.venv/bin/python -m infra.bench.audit

fuzz: $(installed_for_tests)
	.venv/bin/python -m infra.bench.fuzz
	.venv/bin/python -m infra.bench.fuzz_api --minutes 5

lint: $(installed_for_tests)
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

build: $(installed)
	.venv/bin/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

lock: $(installed)
	infra/lock/make.sh

clean:
	rm -rf .venv dist build *.egg-info

$(installed): $(ours) infra/lock/run.txt
	infra/venv.sh run
	@touch $@

# The tests' set holds the other one, so having it is having both.
$(installed_for_tests): $(ours) infra/lock/dev.txt
	infra/venv.sh dev
	@touch $(installed) $@
