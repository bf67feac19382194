PYTHON ?= python3
BIN := .venv/bin

OLDEST := .venv-oldest/bin
# pip knows the CPU builds of torch by an address of their own.
OLDEST_TORCH ?= 2.6.0

.PHONY: demo test test-slow test-oldest lint bench bench-gpu docs document clean

# Train and evaluate a classifier, a tagger and an entity recogniser on the embedded sample, and
# compare the classifier with rivals.
demo: .venv/installed
	$(BIN)/python -m spacy project run all
	$(BIN)/python -m spacy project run task . --vars.task ner
	$(BIN)/python -m spacy project run compare . --vars.systems lstm,bow,tfidf --vars.seeds 1

# The quick tests, on all cores, each on one. `make test-slow` runs the others.
test: .venv/installed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto -m "not slow"

test-slow: .venv/installed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto -m slow

# The quick tests with the lowest versions that are allowed, and that an older typer breaks nothing.
test-oldest:
	$(PYTHON) -m venv --clear .venv-oldest
	$(OLDEST)/python -m pip install --quiet --constraint constraints-oldest.txt \
		torch==$(OLDEST_TORCH) --editable '.[test]'
	$(OLDEST)/python -m pytest -m "not slow"
	$(OLDEST)/python -m pip install --quiet --no-deps typer==0.7.0
	$(OLDEST)/python -m pytest tests/cli/test_entry_point.py -k step_aside

lint: .venv/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# Speed and memory against the peers, on one core and on all.
bench: .venv/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python benchmarks/speed.py
	$(BIN)/python benchmarks/speed.py --threads all --only pipeline encoder training --rounds 3
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/report.py
	$(BIN)/python benchmarks/plot.py

# Prediction and training on a GPU, in less than five minutes.
bench-gpu: .venv/installed
	$(BIN)/python benchmarks/speed.py --gpu-id 0 --only pipeline training --rounds 3

# The site, in site/; a warning is an error.
docs: .venv/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	$(BIN)/python -m mkdocs build

# Rewrite the project's description, PROJECT.md from project.yml.
document: .venv/installed
	$(BIN)/python -m spacy project document --output PROJECT.md

clean:
	rm -rf .venv .venv-oldest build dist corpus metrics packages training project.lock

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	@echo "Installing spacy-rnn and its dependencies into .venv …"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@
