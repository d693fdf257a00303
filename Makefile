# The README's one-line commands make .venv; these are shortcuts into it.
BIN := .venv/bin
UV ?= uv

.PHONY: soak test lint format types imports check demo bench lock docs ci

test:  ## the tests; `make test ARGS='-k outbox'` for some of them
	$(BIN)/pytest $(ARGS)

lint:  ## what CI refuses: style and form
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format:  ## mends what lint can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types:
	$(BIN)/mypy

imports:  ## the arrows between the rooms
	$(BIN)/lint-imports

check: lint types imports test

soak:  ## the random walk of 10,000 steps against the model of unread and place
	JAMTUI_WALK=10000 $(BIN)/pytest tests/tui/test_walk.py

demo:
	$(BIN)/jamtui demo

bench:  ## figures against peers and limits; see benchmarks/
	for bench in benchmarks/bench_*.py; do env -u PYTHONDONTWRITEBYTECODE $(BIN)/python $$bench || exit; done

lock:  ## requirements/dev.txt anew from pyproject.toml (needs uv)
	$(UV) pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --custom-compile-command 'make lock' --group dev pyproject.toml -o requirements/dev.txt

docs:  ## the pages that are made from the code
	$(BIN)/python -m jamtui.actions > docs/keys.md
	$(BIN)/python docs/commands.py > docs/commands.md

ci:  ## all that CI does, on a clean clone of the last commit
	bash .ci/run
