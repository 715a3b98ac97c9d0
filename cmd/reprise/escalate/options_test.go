package escalate

import (
	"testing"
	"time"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/cli/clitest"
	"github.com/reprise-lab/reprise/reports/handover/cases"
)

const (
	sizes  = "--max-size 1X: want a number of bytes, as 500M or 16G"
	one    = "accepts 1 arg(s), received 0"
	keyed  = "--hide, --secret, --keep, --rules and --prove are for a redaction: give --redact-key FILE"
	proofs = "--prove takes 1 to 1000 trials"
	prefix = "--keep x: want a prefix, as 192.0.2.0/24"
	when   = "--at noon: want a time as 2026-03-01T10:15:00Z"
)

// plainly is how a bundle is read without flags.
func plainly() reading { return reading{maxSize: "16G"} }

func TestCaseOptions(t *testing.T) {
	clitest.Options(t, newCaseNew, []clitest.Asked[caseNewOptions]{
		{Args: []string{"f"}, Want: caseNewOptions{folder: "f"}},
		{
			Args: []string{"f", "title=a=b", "customer.name=ACME", "--scenario", "s"},
			Want: caseNewOptions{folder: "f", scenario: "s", fields: [][2]string{{"title", "a=b"}, {"customer.name", "ACME"}}},
		},
		{Args: nil, Err: "requires at least 1 arg(s), only received 0"},
		{Args: []string{"f", "title"}, Err: `"title" is no FIELD=VALUE`},
	})
	clitest.Options(t, newCaseShow, []clitest.Asked[caseShowOptions]{
		{Args: []string{"f", "--timeline"}, Want: caseShowOptions{folder: "f", timeline: true}},
		{Args: nil, Err: one},
	})
	clitest.Options(t, newCaseCheck, []clitest.Asked[caseCheckOptions]{
		{Args: []string{"f"}, Want: caseCheckOptions{folder: "f"}},
		{Args: nil, Err: one},
	})
	clitest.Options(t, newCaseImport, []clitest.Asked[caseImportOptions]{
		{
			Args: []string{"a.txt", "b.gz", "--case", "f", "--class", "lag,ospf", "--commands"},
			Want: caseImportOptions{files: []string{"a.txt", "b.gz"}, folder: "f", classes: []string{"lag", "ospf"}, commands: true},
		},
		{Args: nil, Err: "requires at least 1 arg(s), only received 0"},
	})
	clitest.Options(t, newCaseDraft, []clitest.Asked[caseDraftOptions]{
		{Args: []string{"a.txt", "--symptom", "BGP is gone"}, Want: caseDraftOptions{files: []string{"a.txt"}, symptom: "BGP is gone", dir: "draft"}},
		{Args: []string{"--case", "f", "--dir", "d"}, Want: caseDraftOptions{files: []string{}, casePath: "f", dir: "d"}},
		{Args: nil, Err: "of what? name files, or --case FOLDER"},
	})
	clitest.Options(t, newCaseTry, []clitest.Asked[caseTryOptions]{
		{Args: []string{"d"}, Want: caseTryOptions{dir: "d", budget: 10 * time.Minute, labs: 1}},
		{Args: []string{"d", "--budget", "1h", "-n", "3", "--labs", "2", "--speed", "10"}, Want: caseTryOptions{dir: "d", budget: time.Hour, trials: 3, labs: 2, speed: 10}},
		{Args: []string{"d", "--budget", "0s"}, Err: "--budget 0s: want a time, as 10m"},
		{Args: []string{"d", "-n", "-1"}, Err: "--trials takes 0 (the scenario's) to 10000"},
		{Args: nil, Err: one},
	})
	clitest.Options(t, newCaseSchema, []clitest.Asked[caseSchemaOptions]{
		{Args: nil},
		{Args: []string{"x"}, Err: `unknown command "x" for "schema"`},
	})
	clitest.Options(t, newCasePlan, []clitest.Asked[casePlanOptions]{
		{Args: []string{"f"}, Want: casePlanOptions{folder: "f"}},
		{Args: []string{"f", "--add", "a", "--owner", "o", "--due", "d"}, Want: casePlanOptions{folder: "f", add: "a", owner: "o", due: "d"}},
		{Args: []string{"f", "--step", "1", "--state", "done"}, Want: casePlanOptions{folder: "f", step: 1, state: "done"}},
		{Args: []string{"f", "--add", "a", "--step", "1"}, Err: "--add makes a step and --step changes one: give one of them"},
		{Args: []string{"f", "--state", "done"}, Err: "of which step? give --step N, or --add for a new one"},
	})
	clitest.Options(t, newCaseRMA, []clitest.Asked[caseRMAOptions]{
		{
			Args: []string{"f", "--unit", "model=X,serial=a,,b,fans=1,fans=2", "--from", "v.txt"},
			Want: caseRMAOptions{
				folder: "f", add: []string{"model=X,serial=a,,b,fans=1,fans=2"}, from: []string{"v.txt"},
				parsed: []cases.Unit{{Model: "X", Serial: "a,b", Fans: []string{"1", "2"}}},
			},
		},
		{Args: nil, Err: one},
		{Args: []string{"f", "--unit", "X"}, Err: `"X" is no KEY=VALUE of a unit`},
		{Args: []string{"f", "--unit", "colour=red"}, Err: `a unit has no "colour"`},
	})
}

func TestCaseSetOptions(t *testing.T) {
	type asked = clitest.Asked[caseSetOptions]
	clitest.Options(t, newCaseSet, []asked{
		{Args: []string{"f", "scope.severity=2"}, Want: caseSetOptions{folder: "f", fields: [][2]string{{"scope.severity", "2"}}}},
		{
			Args: []string{
				"f", "--run", "r1", "--run", "r2", "--interop", "--note", "n", "--log", "l", "--node", "sw1", "--kind", "config", "--taken", "today", "--finding", "l=x",
				"--tried", "a=b", "--changed", "c", "--class", "ospf,lag", "--waive", "d=r", "--by", "me", "--request", "q", "--confirmation", "c.json", "--signers", "s",
			},
			Want: caseSetOptions{
				folder: "f", runs: []string{"r1", "r2"}, interop: true, note: "n", logs: []string{"l"}, node: "sw1", kind: "config", taken: "today", findings: []string{"l=x"},
				tried: []string{"a=b"}, changed: []string{"c"}, classes: []string{"ospf", "lag"}, waive: []string{"d=r"}, by: "me", request: "q", confirmation: "c.json", signers: "s",
			},
		},
		{Args: nil, Err: "requires at least 1 arg(s), only received 0"},
		{Args: []string{"f", "severity"}, Err: `"severity" is no FIELD=VALUE`},
	})
}

func TestBundleOptions(t *testing.T) {
	bounded := reading{identities: []string{"a", "b"}, maxSize: "2G", bounded: true}
	read := []string{"-i", "a", "-i", "b", "--max-size", "2G"}
	clitest.Options(t, newVerify, []clitest.Asked[verifyOptions]{
		{Args: []string{"f"}, Want: verifyOptions{file: "f", read: plainly()}},
		{Args: append([]string{"f", "--signers", "s"}, read...), Want: verifyOptions{file: "f", signers: "s", read: bounded}},
		{Args: []string{"f", "--max-size", "1X"}, Err: sizes},
		{Args: nil, Err: one},
	})
	clitest.Options(t, newShow, []clitest.Asked[showOptions]{
		{Args: []string{"f"}, Want: showOptions{file: "f", read: plainly()}},
		{Args: append([]string{"f", "--files", "--custody"}, read...), Want: showOptions{file: "f", files: true, custody: true, read: bounded}},
		{Args: []string{"f", "--max-size", "1X"}, Err: sizes},
		{Args: nil, Err: one},
	})
	clitest.Options(t, newDiff, []clitest.Asked[diffOptions]{
		{Args: append([]string{"f", "g"}, read...), Want: diffOptions{left: "f", right: "g", read: bounded}},
		{Args: []string{"f", "g", "--max-size", "1X"}, Err: sizes},
		{Args: []string{"f"}, Err: "accepts 2 arg(s), received 1"},
	})
	clitest.Options(t, newOpen, []clitest.Asked[openOptions]{
		{Args: append([]string{"f", "-o", "d"}, read...), Want: openOptions{file: "f", output: "d", read: bounded}},
		{Args: []string{"f", "--max-size", "1X"}, Err: sizes},
		{Args: nil, Err: one},
	})
}

func TestCreateOptions(t *testing.T) {
	type asked = clitest.Asked[createOptions]
	clitest.Options(t, newCreate, []asked{
		{Args: []string{"r1", "r2"}, Want: createOptions{runs: []string{"r1", "r2"}}},
		{
			Args: []string{"r", "--case", "c", "-o", "o", "--zip", "--cores", "--sign", "k", "--to", "t", "-R", "f", "--who", "w", "--at", "2026-03-01T10:15:00Z", "--no-redact"},
			Want: createOptions{
				runs: []string{"r"}, cut: cutting{none: true},
				packing: packing{caseDir: "c", output: "o", zip: true, cores: true, sign: "k", to: []string{"t"}, files: []string{"f"}, who: "w", at: "2026-03-01T10:15:00Z"},
			},
		},
		{
			Args: []string{"r", "--redact-key", "k", "--hide", "h", "--secret", "s", "--keep", "192.0.2.0/24", "--rules", "r.yaml", "--redact-as", "--prove", "3"},
			Want: createOptions{runs: []string{"r"}, cut: cutting{key: "k", hide: []string{"h"}, secret: []string{"s"}, keep: []string{"192.0.2.0/24"}, rules: []string{"r.yaml"}, as: true, prove: 3}},
		},
		{Args: nil, Err: "requires at least 1 arg(s), only received 0"},
		{Args: []string{"r", "--at", "noon"}, Err: when},
		{Args: []string{"r", "--hide", "h"}, Err: keyed},
		{Args: []string{"r", "--redact-key", "k", "--prove", "1001"}, Err: proofs},
		{Args: []string{"r", "--redact-key", "k", "--no-redact"}, Err: "--no-redact and --redact-key say opposite things"},
		{Args: []string{"r", "--redact-key", "k", "--keep", "x"}, Err: prefix},
	})
}

func TestCutOptions(t *testing.T) {
	type asked = clitest.Asked[cutOptions]
	clitest.Options(t, newCut, []asked{
		{
			Args: []string{"f", "--redact-key", "k", "-o", "o", "--zip", "--hide", "h", "-i", "a", "--trust", "engine"},
			Want: cutOptions{App: &cli.App{Trust: []string{"engine"}}, file: "f", read: reading{identities: []string{"a"}, maxSize: "16G"}, pack: packing{output: "o", zip: true}, cut: cutting{key: "k", hide: []string{"h"}}},
		},
		{Args: []string{"--reveal", "a.txt", "--redact-key", "k"}, Want: cutOptions{reveal: []string{"a.txt"}, read: plainly(), cut: cutting{key: "k"}}},
		{Args: []string{"f"}, Err: "a redaction needs a key: give --redact-key FILE, which is made when it is not there"},
		{Args: []string{"--redact-key", "k"}, Err: "give a bundle, or --reveal with a text"},
		{Args: []string{"f", "--redact-key", "k", "--reveal", "a"}, Err: "give a bundle, or --reveal with a text"},
		{Args: []string{"f", "--redact-key", "k", "--keep", "x"}, Err: prefix},
		{Args: []string{"f", "--redact-key", "k", "--at", "noon"}, Err: when},
		{Args: []string{"f", "--redact-key", "k", "--max-size", "1X"}, Err: sizes},
	})
}

func TestEscalateOptions(t *testing.T) {
	type asked = clitest.Asked[escalateOptions]
	const nothing = "--no-redact cuts nothing: --redact-key, --hide, --secret, --keep, --rules and --prove have no meaning with it"
	clitest.Options(t, newEscalate, []asked{
		{Args: []string{"f"}, Want: escalateOptions{folder: "f"}},
		{
			Args: []string{"f", "--despite", "d", "--form", "cisco", "--sign", "k", "--hide", "h", "--keep", "192.0.2.0/24", "--prove", "2", "--trust", "labs"},
			Want: escalateOptions{
				App: &cli.App{Trust: []string{"labs"}}, folder: "f", despite: "d", form: "cisco", pack: packing{sign: "k"},
				redact: cutting{hide: []string{"h"}, keep: []string{"192.0.2.0/24"}, prove: 2},
			},
		},
		{Args: []string{"f", "--no-redact"}, Want: escalateOptions{folder: "f", redact: cutting{none: true}}},
		{Args: nil, Err: one},
		{Args: []string{"f", "--no-redact", "--hide", "h"}, Err: nothing},
		{Args: []string{"f", "--no-redact", "--redact-key", "k"}, Err: nothing},
		{Args: []string{"f", "--keep", "x"}, Err: prefix},
		{Args: []string{"f", "--prove", "-1"}, Err: proofs},
		{Args: []string{"f", "--at", "noon"}, Err: when},
	})
}

func TestRedactOptions(t *testing.T) {
	type asked = clitest.Asked[redactOptions]
	clitest.Options(t, newRedact, []asked{
		{Args: []string{"p"}, Want: redactOptions{path: "p"}},
		{
			Args: []string{"p", "-o", "o", "--redact-key", "k", "--hide", "h", "--rules", "r"},
			Want: redactOptions{path: "p", output: "o", cut: cutting{key: "k", hide: []string{"h"}, rules: []string{"r"}}},
		},
		{Args: []string{"p", "--hide", "h"}, Want: redactOptions{path: "p", cut: cutting{hide: []string{"h"}}}},
		{Args: nil, Err: one},
		{Args: []string{"p", "--keep", "x"}, Err: prefix},
		{Args: []string{"p", "--no-redact"}, Err: "unknown flag: --no-redact"},
	})
}

func TestConfirmOptions(t *testing.T) {
	type asked = clitest.Asked[confirmOptions]
	const bounds = "--trials takes 1 to 10000, --labs 1 to 64"
	clitest.Options(t, newConfirm, []asked{
		{Args: []string{"b"}, Want: confirmOptions{bundle: "b", read: plainly()}},
		{
			Args: []string{"b", "-i", "k", "--image", "r1=x", "--signers", "s", "--sign", "k", "-o", "o", "--trials", "3", "--labs", "2", "--reset", "none", "--provider", "namespaces", "--trust", "env.A"},
			Want: confirmOptions{
				App: &cli.App{Trust: []string{"env.A"}}, bundle: "b", read: reading{identities: []string{"k"}, maxSize: "16G"}, images: []string{"r1=x"},
				signers: "s", sign: "k", output: "o", trials: 3, labs: 2, reset: "none", lab: cli.LabFlags{Provider: "namespaces"},
			},
		},
		{Args: nil, Err: one},
		{Args: []string{"b", "--labs", "65"}, Err: bounds},
		{Args: []string{"b", "--speed", "auto"}, Err: "--speed auto: a claim is confirmed at its own speed, or at the number that you give"},
		{Args: []string{"b", "--labs", "-1"}, Err: bounds},
		{Args: []string{"b", "--trials", "0"}, Err: `invalid argument "0" for "--trials" flag: want 1 to 10000`},
		{Args: []string{"b", "--max-size", "1X"}, Err: sizes},
	})
}

func TestCaseFromCellOptions(t *testing.T) {
	type asked = clitest.Asked[caseFromCellOptions]
	clitest.Options(t, newCaseFromCell, []asked{
		{Args: []string{"m", "up[dut=a@1]"}, Want: caseFromCellOptions{matrix: "m", key: "up[dut=a@1]"}},
		{Args: []string{"m", "up[dut=a@1]", "--dir", "d"}, Want: caseFromCellOptions{matrix: "m", key: "up[dut=a@1]", dir: "d"}},
		{Args: []string{"m"}, Err: "accepts 2 arg(s), received 1"},
	})
}
