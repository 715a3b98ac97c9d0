package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/reproduce"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// TestFleetDevices: of two workers the one that has the devices executes what asks for devices. Nobody but that one learns how
// they are reached and by which password: neither who gave the trials, nor the server.
func TestFleetDevices(t *testing.T) {
	t.Parallel()
	livetest.Long(t, "switches that are simulated, on a worker")
	b := newBench(t)
	// Over telnet the password is typed, so that it is in what a session says unless it is cut out.
	telnet := regexp.MustCompile(`telnet (127\.0\.0\.1) (\d+)`).FindStringSubmatch(b.sims.Lines[0])
	text, err := os.ReadFile(b.inventory)
	if err != nil {
		t.Fatal(err)
	}
	ssh := regexp.MustCompile(`access: \{transport: ssh, address: "[^"]*"\}`).FindString(string(text))
	b.edit(t, ssh, `access: {transport: telnet, address: "`+telnet[1]+":"+telnet[2]+`"}`)

	dir, ctx := t.TempDir(), t.Context()
	server := &member{name: "server", dir: dir, args: []string{"fleet", "serve", "--listen", "127.0.0.1:0", "--advertise", "127.0.0.1", "--renewal", "500ms", "--json"}}
	server.start(ctx, t)
	defer server.kill()
	join, at, _ := server.urls(ctx, t)
	rack := &member{name: "rack", dir: dir, args: []string{"worker", "--join", join, "--name", "rack", "--lab", b.inventory, "--provider", "lab"}}
	bare := &member{name: "bare", dir: dir, args: []string{"worker", "--join", join, "--name", "bare"}}
	for _, w := range []*member{bare, rack} {
		w.start(ctx, t)
		defer w.kill()
	}
	roster(t, at, dir, "bare", "rack")
	run := func(name string, more ...string) (reproduce.Outcome, *member) {
		t.Helper()
		m := &member{name: name, dir: dir, args: append([]string{"run", b.scenario, "-n", "2", "--json", "--provider", "lab", "--fleet", at, "--dir", filepath.Join(dir, name+"-runs")}, more...)}
		m.start(ctx, t)
		<-m.over
		var got reproduce.Outcome
		if data, err := os.ReadFile(m.out); err != nil || len(data) > 0 && json.Unmarshal(data, &got) != nil {
			t.Errorf("%v: %s", err, data)
		}
		return got, m
	}
	got, gave := run("gave")
	if v := got.Verdict; v.NotApplicable != 2 || v.Reproduced != 0 || len(v.Marks) != 1 || v.Marks[0] != "simulated" || got.Exit != cli.ExitInconclusive {
		t.Errorf("%+v\n%s", got, gave.told())
	}
	entries, err := evidence.Dir{Path: got.Dir}.Ledger()
	if err != nil || len(entries) != 2 || entries[0].Host != "rack" || entries[1].Host != "rack" {
		t.Errorf("%+v, %v", entries, err)
	}
	said, err := filepath.Glob(filepath.Join(got.Dir, "trials", "*", "transcripts", "a.ndjson"))
	if err != nil || len(said) != 2 {
		t.Errorf("%v, %v", said, err)
	}
	// One that has no such device says so, and nothing is begun.
	if err := rack.cmd.Process.Signal(os.Interrupt); err != nil { // it brings the devices back
		t.Fatal(err)
	}
	<-rack.over
	roster(t, at, dir, "bare")
	_, none := run("none")
	if code := none.cmd.ProcessState.ExitCode(); code != cli.ExitEnvironment {
		t.Errorf("without the rack: %s: %s", none.cmd.ProcessState, none.told())
	}

	// One whose device does not answer says so, and not by which address it was asked; its owner is told.
	const away = "127.0.0.9:9"
	text, err = os.ReadFile(b.inventory)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(filepath.Dir(b.inventory), "elsewhere.yaml")
	if err := os.WriteFile(elsewhere, []byte(regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(string(text), away)), 0o600); err != nil {
		t.Fatal(err)
	}
	dark := &member{name: "dark", dir: dir, args: []string{"worker", "--join", join, "--name", "dark", "--lab", elsewhere, "--provider", "lab"}}
	dark.start(ctx, t)
	defer dark.kill()
	roster(t, at, dir, "bare", "dark")
	got, gave = run("asked")
	verdict, _, err := evidence.Dir{Path: got.Dir}.Trial(1).Verdict()
	if err != nil || verdict.Verdict != evidence.Inconclusive || !strings.Contains(verdict.Reason, "(the address of sw1)") {
		t.Errorf("%+v, %v\n%s", verdict, err, gave.told())
	}
	if !strings.Contains(string(dark.told()), away) {
		t.Errorf("the owner of the device is told %s", dark.told())
	}

	secrets := []string{away, cli.SimPassword, telnet[1] + ":" + telnet[2], filepath.Join(filepath.Dir(b.inventory), "password")}
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.HasPrefix(path, filepath.Join(dir, "state-rack")) || path == dark.said {
			return err
		}
		text, err := os.ReadFile(path)
		for _, secret := range secrets {
			if strings.Contains(string(text), secret) {
				t.Errorf("%s holds %q", path, secret)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(b.inventory); err != nil || !strings.Contains(string(text), secrets[2]) || !strings.Contains(string(text), secrets[3]) {
		t.Errorf("the test looks for what is not there: %s, %v", text, err)
	}
}
