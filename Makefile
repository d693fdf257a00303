# The README's one-line commands make .venv; these are shortcuts into it.
BIN := .venv/bin
UV ?= uv

.PHONY: soak openapi test lint format types imports check demo bench bench-peers lock docs confusables pictures ci

test:  ## the tests; `make test ARGS='-k outbox'` for some of them
	$(BIN)/pytest $(ARGS)

lint:  ## what CI refuses: style and form
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tools/bare_strings.py

format:  ## mends what lint can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types:
	$(BIN)/mypy

imports:  ## the arrows between the rooms
	$(BIN)/lint-imports

check: lint types imports test

soak:  ## the long forms of what docs/reliability.md lists, and the random walk of 10,000 steps: hours
	JAMTUI_WALK=10000 JAMTUI_SHOWN=500 JAMTUI_BURSTS=1000 JAMTUI_HINTS=all $(BIN)/pytest -o faulthandler_timeout=0 tests/tui/test_walk.py tests/tui/test_terminal_shows.py \
		tests/tui/test_bursts.py tests/tui/test_hints.py tests/tui/test_dialog_keys.py
	JAMTUI_KILLS=1000 JAMTUI_ANSWERS=200 JAMTUI_TOGETHER=600 JAMTUI_STATUSES=500 JAMTUI_ATTACK_MS=5000 JAMTUI_THREADS_READ=100 JAMTUI_FLOOD=300 JAMTUI_MODEL=300 \
	  JAMTUI_TORN=600 JAMTUI_SERVER_KILLS=60 JAMTUI_MERGE_KILLS=60 JAMTUI_BACKUPS=40 \
	  $(BIN)/pytest -o faulthandler_timeout=0 tests/faults tests/unit/test_store_opening.py
	JAMTUI_HOSTILE=all $(BIN)/pytest -o faulthandler_timeout=0 tests/unit/test_slow_posts.py tests/pty/test_hostile_text.py tests/pty/test_hostile_commands.py tests/tui/test_hostile_places.py
	JAMTUI_START_SIGNALS=60 $(BIN)/pytest tests/pty/test_given_back.py
	JAMTUI_FUZZ=200 $(BIN)/pytest -o faulthandler_timeout=0 tests/contract/test_server_fuzz.py
	JAMTUI_ACTS=100 $(BIN)/pytest -o faulthandler_timeout=0 tests/contract/test_acts_unheard.py

openapi:  ## other people's programs on the server's own description: a generated client, and a fuzzer; `make openapi ARGS=1000` for fewer cases
	$(BIN)/python tools/openapi_peers.py $(ARGS)

demo:
	$(BIN)/jamtui demo

bench:  ## the figures in one table; `make bench ARGS='--only start,search'` for some of them
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m benchmarks $(ARGS)

bench-peers:  ## installs the programs that `make bench` measures beside jamtui, outside of this folder
	$(BIN)/python -m benchmarks.peers

lock:  ## requirements/*.txt anew from pyproject.toml (needs uv)
	$(UV) pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --custom-compile-command 'make lock' --group openapi -o requirements/openapi.txt
	$(UV) pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --custom-compile-command 'make lock' --group dev pyproject.toml -o requirements/dev.txt

docs:  ## the pages that are made from the code
	$(BIN)/python -m jamtui.keys > docs/keys.md
	$(BIN)/python docs/commands.py > docs/commands.md
	$(BIN)/python -m jamserver.rights > docs/rights.md
	$(BIN)/python docs/event.py

confusables:  ## the table of look-alikes anew, FROM Unicode's confusables.txt
	$(BIN)/python docs/confusables.py $(FROM) > jamtui/confusables.txt

SHOT := $(BIN)/jamtui demo --freeze 2011-02-09T14:00:00Z --screenshot docs/pictures

pictures:  ## the pictures of the README and of docs/tui.md, from the frozen demo
	$(SHOT)/demo.svg --size 160x42 --keys "enter j j j j j j j j enter j j"
	$(SHOT)/writing.svg --size 120x30 --keys "enter j enter r A n d space w h o space p a i d space f o r space i t ?"
	$(SHOT)/search.svg --size 120x30 --keys "slash p i l o t enter"
	$(SHOT)/hot.svg --size 120x30 --keys "H"
	$(SHOT)/followed.svg --size 120x30 --keys "enter F j F 6 j j"
	$(SHOT)/where-from.svg --size 120x30 --keys "colon w h e r e minus f r o m enter"

ci:  ## all that CI does, on a clean clone of the last commit
	bash .ci/run
