# make build     bin/reprise
# make ready     makes this machine ready for labs, make ready-vm for those of machines too
# make demo      a real bug, reproduced on this machine
# make quick     what needs no lab and computes little: under three minutes on two cores
# make test      all tests
# make lint      what CI checks beside the tests
# make corpus    every scenario of the corpus and its control, five trials each, without an engine and with
# make circle    failing runs of the corpus, through case draft and case try, back to failing runs; signatures of crashes,
#                and the line that logs diff ranks
# make fuzz      every fuzz target for FUZZTIME (1m) each; one package with FUZZ=./harness/intake
# make bench     the figures that harness/docs/figures.md names
# make generate  writes what is checked in and made from the program: schemas, reference
# make install   what `make build` made, with man pages and completions, below PREFIX
#                (/usr/local) within DESTDIR (nothing); make uninstall removes it
# make dist      dist/: archives, Debian packages, their SBOMs and sums, for amd64 and arm64
# make clean     removes what the others left here

GO ?= go
BIN := bin/reprise
# What the program calls itself; `make build VERSION=v1.2.3` where there is no git.
VERSION := $(shell .ci/version)
REVISION := $(addsuffix $(findstring +dirty,$(VERSION)),$(shell git rev-parse -q --verify HEAD 2>/dev/null))
LINKED := -X github.com/reprise-lab/reprise/cmd/reprise/cli.linkedVersion=$(VERSION) -X github.com/reprise-lab/reprise/cmd/reprise/cli.linkedRevision=$(REVISION)
PREFIX := /usr/local
PROGRAM = $(DESTDIR)$(PREFIX)/bin/reprise
MAN1 = $(DESTDIR)$(PREFIX)/share/man/man1
BASH = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
ZSH = $(DESTDIR)$(PREFIX)/share/zsh/site-functions
FISH = $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
TOOL := $(GO) tool -modfile=.ci/tools/go.mod
# The race detector needs a C compiler; a bare machine has none. What vet says, make lint says.
# Without the paths of this clone in them, packages that were compiled in another clone are found
# in the cache.
RACE := $(shell command -v gcc >/dev/null 2>&1 && echo -race) -trimpath -vet=off
# As the program is built, so that what is compiled for it is compiled once.
PLAIN := CGO_ENABLED=0 GOFLAGS='$(strip $(GOFLAGS) -trimpath)'
# Long arithmetic on one goroutine: the race detector finds nothing there and takes seven
# times as long. It runs whole, but without. SINGLE names tests of packages of which the
# others do run with it.
ARITHMETIC := ./harness/isolate
SINGLE := ^TestComparisonKeepsItsPromise$$|^TestPartsCorpus$$/^(exos-|voss-|wan-|frr-ospf-topo1$$)|^TestDependences$$|^TestAbsurdPDF$$|^TestExpressionsAreBounded$$|^TestBounded$$|^TestLongLinesAreLinear$$|^TestLongText$$|^TestLarge$$|^TestManyLines$$|^TestPackedWithoutEnd$$|^TestCorpusEncodings$$|^TestEveryByteCounts$$|^TestCutsKeepNames$$|^TestCutAnywhere$$|^TestLargeSession$$|^TestEncodingsAndArchives$$|^TestFilesAreBounded$$|^TestFaultsThatNeverFire$$|^TestCorpusRecall$$|^TestCorpusPrecision$$|^TestDeactivated$$|^TestManyNeighbours$$
# The corpus on namespaces is the same engine a hundred times over, and under the race detector it
# takes half of all processors: it runs as users run it. The part of it that is run on containers, the
# machines and all scripts run with the detector.
CORPUS := ^TestCorpus$$/./^namespaces$$|^TestInferCorpus$$|^TestTryAggregate$$
# Labs run in real time, on machines that are shared: a test that failed runs once more by itself,
# and fails if it fails there too, as does the whole where more than five failed. What passed by
# itself alone is told at the end, as tests that ran twice: it is flaky, and to be mended. A data race is
# a fault whenever it is seen.
AGAIN := $(TOOL) gotestsum --format standard-quiet --rerun-fails=1 --rerun-fails-max-failures=5 --rerun-fails-abort-on-data-race
# A program with the race detector waits a second at its end, for what other threads may have to
# report yet; the tests start some thousand of them.
export GORACE ?= atexit_sleep_ms=0
# What waits for machines, devices and labs, the longest of it first, and what computes.
WAITING := $(addsuffix /...,$(addprefix ./topologies/,vm containers namespaces spread mixed wire wiring procs tunnel)) ./harness/fleet/... ./drivers/...
COMPUTING = $$($(GO) list ./... | grep -Ev '/cmd(/|$$)|/harness/isolate$$' | grep -Fvx "$$($(GO) list $(WAITING))")

.PHONY: all build ready ready-vm demo quick test corpus circle lint fuzz bench generate install uninstall dist clean

all: build

build:
	$(PLAIN) $(GO) build -ldflags '$(LINKED)' -o $(BIN) ./cmd/reprise

# Builds nothing that is there: root, who installs, may have no Go.
$(BIN):
	$(MAKE) build

install: $(BIN)
	mkdir -p $(dir $(PROGRAM)) $(MAN1) $(BASH) $(ZSH) $(FISH)
	install -m 755 $(BIN) $(PROGRAM)
	$(BIN) manual $(MAN1)
	$(BIN) completion bash > $(BASH)/reprise
	$(BIN) completion zsh > $(ZSH)/_reprise
	$(BIN) completion fish > $(FISH)/reprise.fish

uninstall:
	rm -f $(PROGRAM) $(MAN1)/reprise.1 $(MAN1)/reprise-*.1 $(BASH)/reprise $(ZSH)/_reprise $(FISH)/reprise.fish

dist:
	GO='$(GO)' VERSION='$(VERSION)' REVISION='$(REVISION)' .ci/dist

ready: build
	$(BIN) doctor --fix

# Tests also run machines: QEMU, and a guest that is made once.
ready-vm: build
	$(BIN) doctor --fix --vm

demo: ready
	$(BIN) demo

# What waits longest begins first here too, and more of it waits at a time than there are
# processors, for it computes little. A third of the rest is to link as many test programs as
# there are packages; go test leaves out DWARF by itself. What tests write is kept in memory.
quick:
	$(PLAIN) .ci/inmemory $(GO) test -short -p 4 -timeout 10m ./drivers/exos ./drivers/voss ./cmd/... $(WAITING) $(COMPUTING) $(ARITHMETIC)

# Labs leave processors idle, and what computes takes what is left, which labs hardly notice. What both are
# built of is compiled once, before.
test: ready-vm
	$(GO) build $(filter-out -vet=off,$(RACE)) ./...
	$(MAKE) --no-print-directory -j 2 waiting computing

.PHONY: waiting computing
waiting:
	$(AGAIN) --packages="$(WAITING)" -- $(RACE) -p 3 -timeout 30m -skip '$(SINGLE)'
	$(AGAIN) --packages=./cmd/... -- $(RACE) -parallel 6 -timeout 40m -skip '$(CORPUS)'
	$(PLAIN) $(AGAIN) --packages=./cmd/reprise -- -vet=off -parallel 6 -timeout 40m -run '$(CORPUS)'

computing:
	$(PLAIN) nice -n 5 $(GO) test -vet=off -timeout 20m $(ARITHMETIC)
	$(PLAIN) nice -n 5 $(GO) test -vet=off -timeout 20m -run '$(SINGLE)' ./drivers/tester/speaker/replay ./harness/draft ./harness/experiment ./harness/infer ./harness/intake ./harness/known ./reports/html ./reports/handover/bundle ./reports/handover/redact ./scenarios ./topologies/placement
	nice -n 5 $(AGAIN) --packages="$(COMPUTING)" -- $(RACE) -p 2 -timeout 30m -skip '$(SINGLE)'

corpus: ready-vm
	REPRISE_CORPUS_TRIALS=5 $(GO) test -count 1 -parallel 4 -run 'TestCorpus|TestMachines' -timeout 60m ./cmd/reprise

circle: ready
	REPRISE_CIRCLE=1 $(GO) test -count 1 -v -run 'TestCircle|TestSignatures|TestTelling' -timeout 60m ./cmd/reprise

# What go vet says of all else, golangci-lint says.
lint:
	for arch in amd64 arm64; do $(PLAIN) GOARCH=$$arch $(GO) vet ./topologies/testdata/wayout || exit 1; done
	$(GO) mod tidy -diff
	$(PLAIN) $(TOOL) golangci-lint run

FUZZTIME := 1m
FUZZ := .
fuzz:
	for dir in $$(grep -rl --include='*_test.go' '^func Fuzz' $(FUZZ) | xargs -n 1 dirname | sort -u); do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' $$dir/*_test.go); do \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x ./$$dir || exit 1; \
		done; \
	done

bench: ready
	$(GO) test -run '^$$' -bench . -benchtime 3x ./...

generate: build
	$(BIN) scenario schema > scenarios/schema.json
	$(BIN) lab schema > topologies/lab/schema.json
	$(BIN) case schema > reports/handover/cases/schema.json
	$(BIN) manual --markdown > cmd/reprise/README.md
	$(PLAIN) $(GO) test ./harness/docs -update

clean:
	rm -rf bin dist
