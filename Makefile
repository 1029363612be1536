# One word for everything. Each target sets up what it needs.
PYTHON ?= python3
BIN := .venv/bin
RUN := $(BIN)/python
WORKERS ?= 2  # processes that share the tests; each takes about 1.3 GB
PYTEST := $(RUN) -m pytest -n $(WORKERS) --dist worksteal

.PHONY: help demo chat evaluate walkthrough test check lint types quick clean

help:
	@echo "make demo    set up, build the sample gallery, show a few searches and answers"
	@echo "make chat    set up, then serve the page and open it in the browser"
	@echo "make evaluate     what did looking at the pictures add? writes reports/"
	@echo "make walkthrough  write docs/walkthrough.md anew, from the sample gallery"
	@echo "make test    set up, then lint, type check and run all tests"
	@echo "make quick   the tests without the slow ones, in some minutes"
	@echo "make clean   remove the environment and the sample gallery's index"

.venv/installed: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --requirement requirements.txt
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	$(BIN)/pip install --quiet --requirement requirements-dev.txt
	@touch $@

demo: .venv/installed
	$(RUN) -m indexer build data/sample/posts.csv
	@echo
	$(RUN) -m retrieval.search "a cat asleep" -k 2
	@echo
	$(RUN) -m retrieval.search "rocket launch" -k 2
	@echo
	$(RUN) -m retrieval.search "bad morning, need coffee" -k 2
	@echo
	$(RUN) -m retrieval.evaluate --out reports > /dev/null
	@echo
	$(RUN) -m chat_app ask "how many happy posts per year?"
	@echo
	$(RUN) -m chat_app ask "am I happier in 2019 or in 2021?"
	@echo
	@echo "That was the sample gallery. See it and talk with it: make chat"
	@echo "Now your own posts:"
	@echo "  $(RUN) -m indexer build ~/Pictures/posts     a folder of pictures"
	@echo "  $(RUN) -m indexer build posts.csv --images ~/Pictures"
	@echo "  $(RUN) -m retrieval.search \"what you remember\""
	@echo "  $(RUN) -m chat_app ask \"what did I post about most?\""
	@echo "  $(RUN) -m indexer status"

chat: .venv/installed
	$(RUN) -m chat_app

evaluate: .venv/installed
	$(RUN) -m retrieval.evaluate

walkthrough: .venv/installed
	$(RUN) docs/walkthrough.py

test: lint types
	$(PYTEST)

check: test

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed-dev
	$(BIN)/mypy

quick: .venv/installed-dev
	$(PYTEST) -m "not slow"

clean:
	rm -rf .venv chroma_db
