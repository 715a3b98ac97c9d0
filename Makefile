# make demo   a real bug, reproduced on this machine
# make test   all tests
# make lint   what CI checks beside the tests
# make corpus every scenario of the corpus and its control, five trials each
# make bench  the figures that the README names

GO ?= go
BIN := bin/reprise
TOOL := $(GO) tool -modfile=.ci/tools/go.mod
# The race detector needs a C compiler; a bare machine has none.
RACE := $(shell command -v gcc >/dev/null 2>&1 && echo -race)

.PHONY: all build ready ready-vm demo test corpus lint bench generate clean

all: build

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN) ./cmd/reprise

ready: build
	$(BIN) doctor --fix

# Tests also run machines: QEMU, and a guest that is made once.
ready-vm: build
	$(BIN) doctor --fix --vm

demo: ready
	$(BIN) demo

test: ready-vm
	$(GO) test $(RACE) -timeout 20m $$($(GO) list ./... | grep -v /cmd/)
	$(GO) test $(RACE) -parallel 4 -timeout 40m ./cmd/...

corpus: ready-vm
	REPRISE_CORPUS_TRIALS=5 $(GO) test -count 1 -parallel 4 -run 'TestCorpus|TestMachines' -timeout 60m ./cmd/reprise

lint:
	$(GO) vet ./...
	for arch in amd64 arm64; do GOARCH=$$arch $(GO) vet ./topologies/testdata/wayout || exit 1; done
	$(GO) mod tidy -diff
	$(TOOL) golangci-lint run

bench: ready
	$(GO) test -run '^$$' -bench . -benchtime 3x ./...

generate: build
	$(BIN) scenario schema > scenarios/schema.json
	$(BIN) lab schema > topologies/lab/schema.json
	$(BIN) case schema > reports/handover/cases/schema.json

clean:
	rm -rf bin
