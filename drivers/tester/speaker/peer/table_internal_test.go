package peer

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// until waits until a condition holds.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for begin := time.Now(); !is(); <-time.After(5 * time.Millisecond) {
		if time.Since(begin) > 20*time.Second {
			t.Fatal("not so: ", what)
		}
	}
}

// TestTable: sessions on a port of this machine, where each hears what it says itself, begin, are changed, end, and are
// again as they were said.
func TestTable(t *testing.T) {
	table := New(t.Context(), 20, t.Logf)
	t.Cleanup(table.Close)
	broke, over := heard(table)
	const l = "{name: l, port: lo, source: '02:00:00:00:00:01', lacp: {every: 1s, actor: {key: 3}}}"
	if _, err := table.Start([]byte(l)); errors.Is(err, unix.EPERM) {
		t.Skip("packet sockets are for root") //nolint:forbidigo // nothing that is installed changes that
	} else if err != nil {
		t.Fatal(err)
	}
	state := func(name string) State { return table.States()[name] }
	key := func() uint16 {
		p, ok := state("l").Peer.(LACPPeer)
		if !ok {
			t.Fatal("no side of LACP")
		}
		return p.Key
	}
	until(t, "it hears itself", func() bool { return state("l").Received["lacp"] > 2 && key() == 3 })
	if _, err := table.Change([]byte("{name: l, lacp: {actor: {key: 4}}, alter: [{of: [lacp], count: 1, at: 10, bytes: 'ff'}]}")); err != nil {
		t.Fatal(err)
	}
	until(t, "it says another key", func() bool { return key() == 4 && state("l").Altered == 1 })
	if _, err := table.Change([]byte("{name: l, alter: [{of: [lacp], count: 1, at: 10, bytes: 'ff'}]}")); err != nil {
		t.Fatal(err)
	}
	until(t, "the same change is made again", func() bool { return state("l").Altered == 2 })
	if _, err := table.Change([]byte("{name: l, alter: [{at: 500, bytes: 'ff'}]}")); err != nil {
		t.Fatal(err)
	}
	until(t, "what cannot be changed has it failed", func() bool {
		return state("l").State == "failed" && strings.Contains(state("l").Said, "1 bytes at 500") && strings.Contains(broke("session l"), "1 bytes at 500")
	})
	said := state("l").Sent["lacp"]
	until(t, "it goes on as it was", func() bool { return state("l").Sent["lacp"] > said+2 && state("l").Altered == 2 })
	if x, err := table.Change([]byte("{name: l, alter: []}")); err != nil || x.State == "failed" || !x.Carrier || over("session l") != 1 {
		t.Errorf("%+v, %v", x, err)
	}
	for text, says := range map[string]string{
		"{name: l, lacp: {actor: {key: x}}}": "cannot", "{name: l, port: eth7}": "keeps its protocol and its port", "{name: l, bfd: {local: 10.0.0.1, remote: 10.0.0.2}}": "name one of",
		"{name: m}": `no session "m": there are l`, "[": "",
	} {
		if _, err := table.Change([]byte(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v, want words with %q", text, err, says)
		}
	}
	if _, err := table.Start([]byte(l)); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("got %v", err)
	}
	if key() != 4 {
		t.Error("what was refused was taken")
	}
	// A session of BFD speaks to an address that nobody has.
	if _, err := table.Start([]byte("{name: b, port: lo, bfd: {local: 127.9.9.8, remote: 127.9.9.9, port: 4784}}")); err != nil {
		t.Fatal(err)
	}
	until(t, "nobody says where that is", func() bool { return state("b").Unsent > 1 })
	if err := table.Reset([][]byte{[]byte(l)}); err != nil {
		t.Fatal(err)
	}
	until(t, "it is as it was said", func() bool { return len(table.States()) == 1 && state("l").Received["lacp"] > 0 && key() == 3 })
	if err := table.Reset([][]byte{[]byte(l)}); err != nil || state("l").Received["lacp"] > 3 || key() != 3 {
		t.Errorf("a session that was not changed did not go on: %+v, %v", state("l"), err)
	}
	table.all["l"].end()
	table.all["l"].broke(errors.New("the port is gone"))
	if _, err := table.Change([]byte("{name: l, lacp: {actor: {key: 5}}}")); err == nil || !strings.Contains(err.Error(), "the port is gone") {
		t.Errorf("a session that failed was changed: %v", err)
	}
	if _, err := table.Stop("b"); err == nil {
		t.Error("what does not run was stopped")
	}
	if broke("session l") != "the port is gone" {
		t.Error("nobody heard that it is")
	}
	if s, err := table.Stop("l"); err != nil || over("session l") != 2 || s.Sent["lacp"] == 0 && s.Received["lacp"] > 0 || len(table.States()) != 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

// heard hears what breaks, last, and how often that was over.
func heard(table *Table) (broke func(what string) string, over func(what string) int) {
	var mu sync.Mutex
	why, ends := map[string]string{}, map[string]int{}
	table.Broke = func(what string, err error) {
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			ends[what]++
			return
		}
		why[what] = err.Error()
	}
	return func(what string) string {
			mu.Lock()
			defer mu.Unlock()
			return why[what]
		}, func(what string) int {
			mu.Lock()
			defer mu.Unlock()
			return ends[what]
		}
}

// late is a machine whose next time is over before it can be waited for.
type late struct{}

func (*late) configure(*Spec) error      { return nil }
func (*late) receive(*link, frame)       {}
func (*late) show(*link) any             { return nil }
func (*late) tick(l *link) time.Duration { return l.now + 1 }

// TestOverdue: what became due while the machine was asked is done at once, and not never.
func TestOverdue(t *testing.T) {
	s := &session{table: &Table{speed: 1}, begin: time.Now(), m: &late{}, l: newLink(nil)}
	for range 100 {
		if next := s.step(nil); next < 0 {
			t.Fatalf("it waits for %v, which is for ever", next)
		}
	}
}
