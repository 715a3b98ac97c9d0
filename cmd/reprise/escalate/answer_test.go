package escalate

import (
	"bytes"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/harnesstest"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/reports/formats"
	"github.com/reprise-lab/reprise/reports/handover/bundle"
	"github.com/reprise-lab/reprise/reports/handover/redact"
	"github.com/reprise-lab/reprise/scenarios"
)

// TestAnswerHidesThisMachine: what goes back to the sender of a bundle holds nothing of the
// machine that ran it, though the devices said it; what the sender's files say stays.
func TestAnswerHidesThisMachine(t *testing.T) {
	const secret = "tok-8c1f2b7e-of-this-machine"
	t.Setenv("SOME_SERVICE_TOKEN", secret)
	t.Setenv("SUDO_USER", "erika.gabler")
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	top := filepath.Join(t.TempDir(), "desk-of-erika", "case")
	theirs := filepath.Join(top, "bundle", "runs", "x", "input")
	if err := os.MkdirAll(theirs, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(theirs, "scenario.yaml")
	if err := os.WriteFile(file, []byte(`
reprise: v1
id: memory
title: A state that goes down at qzsite-core7
topology: {nodes: {r1: {image: x}}}
nodes: {r1: {platform: fake, config: r1.conf}}
baseline: [{name: up, node: r1, run: show, expect: 'text contains "up"', eventually: 1s}]
stimulus: [{node: r1, configure: [down]}]
symptom: [{name: down, node: r1, run: show, expect: 'text contains "down"', eventually: 1s}]
`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(theirs, "r1.conf"), []byte("hostname qzsite-core7\npassword kqzwhpvxtr\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, err := scenarios.Load(file, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.New(loaded, plan.Options{Trials: 1})
	if err != nil {
		t.Fatal(err)
	}
	state := "up"
	heal := func(string) error { state = "up"; return nil }
	says := "state is STATE at 10.1.2.3; " + strings.Join([]string{host, secret, "erika.gabler", top}, " ; ") + "\nhostname qzsite-core7\n"
	platform := harnesstest.Platform{
		Name: "fake", BootFn: heal, ResetFn: heal,
		RunFn: func(_, _ string) (drivers.Exchange, error) {
			return drivers.Exchange{Output: strings.ReplaceAll(says, "STATE", state)}, nil
		},
		ConfigureFn: func(_, _ string) (string, error) { state = "down"; return "", nil },
	}
	ctx := t.Context()
	s, err := trial.NewSeries(ctx, p, filepath.Join(top, "runs"), trial.Environment{Provider: &harnesstest.Provider{}, Registry: platform.Registry()}, cli.ToolInfo())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Try(ctx, 1); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Summarise(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if err := formats.WriteAll(s.Dir()); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	a := &cli.App{Out: io.Discard, Err: &said}
	r, err := answerRedaction(a, top, filepath.Join(top, "bundle"))
	if err != nil {
		t.Fatal(err)
	}
	out := packAnswer(ctx, a, []string{s.Dir().Path}, filepath.Join(top, "runs.tar.zst"), "", r)
	if out.File == "" {
		t.Fatal(said.String())
	}
	b, err := bundle.Open(ctx, out.File, bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close() //nolint:errcheck // read only
	words := []string{secret, "erika.gabler", "desk-of-erika", top}
	if redact.Told(host) {
		words = append(words, host)
	}
	if u, err := user.Current(); err == nil && redact.Told(u.Username) {
		words = append(words, u.Username)
	}
	var all bytes.Buffer
	all.Write(b.ManifestBytes())
	if err := b.Each(ctx, func(f bundle.File, from io.Reader) error {
		all.WriteString("\n" + f.Path + "\n")
		_, err := io.Copy(&all, from)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	low := bytes.ToLower(all.Bytes())
	for _, w := range words {
		if i := bytes.Index(low, []byte(strings.ToLower(w))); i >= 0 {
			t.Errorf("%q is in what goes back: …%s…", w, all.Bytes()[max(i-200, 0):min(i+100, all.Len())])
		}
	}
	for _, w := range []string{"qzsite-core7", "kqzwhpvxtr", "10.1.2.3", "A state that goes down"} {
		if !bytes.Contains(all.Bytes(), []byte(w)) {
			t.Errorf("%q came with the bundle, and was changed", w)
		}
	}
	if result, err := bundle.Verify(ctx, b, bundle.VerifyOptions{Rejudge: rejudged}); err != nil || result.State() == bundle.Failed {
		t.Errorf("what goes back does not hold: %+v, %v", result.Checks, err)
	}
	text, err := r.reworded("confirmation.json", []byte(`{"host": "lab", "claim": {"here": "`+host+` `+secret+`"}}`))
	if err != nil || bytes.Contains(text, []byte(secret)) || bytes.Contains(text, []byte(host)) && redact.Told(host) {
		t.Errorf("%s, %v", text, err)
	}
}
