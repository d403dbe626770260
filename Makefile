# make demo     make a stereo video from an example photo, in out/
# make test     run all tests, as CI does (FILES_AT_A_TIME=2: in two thirds of the time)
# make bench    print quality and speed figures (PAIRS=folder of stereo pairs)
# make fuzz     give damaged inputs to all readers (MINUTES=10)
# make faults   export under kills, full and broken disks, and low memory (KILLS=200)
# make soak     run many exports in one process, which must not grow (ROUNDS=20)
# make mutants  list broken lines of a room that its tests do not catch (ROOM=stereo MINUTES=10)
# make wheel    build dist/*.whl for this platform, or another: KBVR_TARGET=windows-x86_64 make wheel
# make clean    remove everything that the above wrote, except .venv

PYTHON ?= python3
VENV ?= .venv
PAIRS ?= ../shared/pairs
PHOTO ?= examples/temple.jpg
MINUTES ?= 10
KILLS ?= 200
ROUNDS ?= 20
FILES_AT_A_TIME ?= 1
ROOM ?= stereo
BIN = $(VENV)/bin
VIEWERS = $(shell find viewers -name node_modules -prune -o -type f -print)
SOURCES = pyproject.toml hatch_build.py $(shell find kbvr -name '*.py' -o -name '*.cpp' -o -name '*.h' -o -name '*.onnx' -o -name '*.json') $(VIEWERS)

.PHONY: demo test bench fuzz faults soak mutants wheel clean

demo: $(VENV)/installed
	$(BIN)/kbvr export --stereo $(PHOTO) -o out/ --overwrite
	@echo "The video is in out/:"
	@ls out/*.mp4

test: $(VENV)/installed-for-tests
	bash tests/install_tools.sh $(BIN)/python
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest $(if $(filter-out 1,$(FILES_AT_A_TIME)),--numprocesses=$(FILES_AT_A_TIME) --dist=loadfile)

bench: $(VENV)/installed-for-tests
	$(BIN)/python -m bench.novel_view --pairs $(PAIRS)
	$(BIN)/python -m bench.depth --pairs $(PAIRS)
	$(BIN)/python -m bench.people
	$(BIN)/python -m bench.render

fuzz: $(VENV)/installed-for-tests
	-@$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary=:all: atheris # only where it has wheels
	PYTHONPATH=tests:. $(BIN)/python -m fuzz.campaign --minutes $(MINUTES)

faults: $(VENV)/installed-for-tests
	PYTHONPATH=tests:. $(BIN)/python -m faults.campaign --kills $(KILLS)
	PYTHONPATH=tests:. $(BIN)/python -m faults.batch_kills

soak: $(VENV)/installed-for-tests
	PYTHONPATH=tests:. $(BIN)/python -m faults.soak --rounds $(ROUNDS)

mutants: $(VENV)/installed-for-tests
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check cosmic-ray # MIT; used only here
	PYTHONPATH=tests:. $(BIN)/python -m mutants $(ROOM) --minutes $(MINUTES)

wheel: $(VENV)/bin/python
	$(BIN)/python -m pip wheel --no-deps --wheel-dir dist .

clean:
	rm -rf build dist out kbvr/native/built kbvr/pages viewers/node_modules tests/web/node_modules
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find kbvr export bench tests -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version.split()[0]; \
	sys.exit(0 if sys.version_info >= (3, 11) else f"kbvr requires Python 3.11 or later, got {v} in {sys.executable}: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python $(SOURCES)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check .
	@rm -f $(VENV)/installed-for-tests
	@touch $@

$(VENV)/installed-for-tests: $(VENV)/bin/python pyproject.toml hatch_build.py kbvr/native/rasterize.cpp $(VIEWERS)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@ $(VENV)/installed
