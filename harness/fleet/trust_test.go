package fleet_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/server"
)

// TestRefusedAtTheDoor: a wrong token, a server with another certificate, and a removed key.
func TestRefusedAtTheDoor(t *testing.T) {
	dir := t.TempDir()
	s := startServer(t, server.Options{Dir: dir})
	ctx := t.Context()
	worker := s.URL(fleet.RoleWorker)
	token := worker[len("tls://"):strings.Index(worker, "@")]
	if _, err := fleet.Dial(ctx, fleet.Access{URL: strings.Replace(worker, token, "guessed", 1)}); !errors.Is(err, fleet.ErrRefused) {
		t.Errorf("with a wrong token: %v", err)
	} else if strings.Contains(err.Error(), "guessed") {
		t.Errorf("the error names the token: %v", err)
	}
	other := startServer(t, server.Options{})
	if _, err := fleet.Dial(ctx, fleet.Access{URL: through(worker, other.Addr())}); !errors.Is(err, fleet.ErrPin) {
		t.Errorf("a server with another certificate: %v", err)
	}
	if _, err := fleet.Dial(ctx, fleet.Access{URL: through(worker, "127.0.0.1:1")}); err == nil || !strings.Contains(err.Error(), "nobody answers") {
		t.Errorf("no server: %v", err)
	}
	pair := seed(t)
	c := dial(t, fleet.Access{URL: worker, Signer: pair})
	if err := s.RenewTokens(); err != nil {
		t.Fatal(err)
	}
	if _, err := fleet.Dial(ctx, fleet.Access{URL: worker}); !errors.Is(err, fleet.ErrRefused) {
		t.Errorf("a new key with a token of before: %v", err)
	}
	dial(t, fleet.Access{URL: worker, Signer: pair}) // is enrolled, and needs none
	if err := s.Remove(c.PublicKey()); err != nil {
		t.Fatal(err)
	}
	if _, err := fleet.Dial(ctx, fleet.Access{URL: s.URL(fleet.RoleWorker), Signer: pair}); !errors.Is(err, fleet.ErrRefused) {
		t.Errorf("a removed key with a good token: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := startServer(t, server.Options{Dir: dir, Listen: s.Addr()})
	if _, err := fleet.Dial(ctx, fleet.Access{URL: again.URL(fleet.RoleWorker), Signer: pair}); !errors.Is(err, fleet.ErrRefused) {
		t.Errorf("a removed key after a restart: %v", err)
	}
	for _, name := range []string{"members.json", "server.pem"} {
		if info, err := os.Stat(dir + "/" + name); err != nil {
			t.Error(err)
		} else if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %s", name, info.Mode())
		}
	}
	if _, err := server.Start(ctx, server.Options{Dir: dir, Listen: "127.0.0.1:0"}); err == nil || !strings.Contains(err.Error(), "another process serves") {
		t.Errorf("a second server on the same state: %v", err)
	}
}

// raw is a client with a worker's key that speaks NATS as it likes.
func raw(t *testing.T, s *server.Server, pair nkeys.KeyPair) (*nats.Conn, string, *violations) {
	t.Helper()
	key, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	dial(t, fleet.Access{URL: s.URL(fleet.RoleWorker), Signer: pair}).Close() // enrols it
	v := &violations{}
	nc, err := nats.Connect("tls://"+s.Addr(), nats.Nkey(key, pair.Sign), nats.Secure(anyCertificate()), nats.TLSHandshakeFirst(),
		nats.CustomInboxPrefix("_INBOX_"+key), nats.ErrorHandler(v.note))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc, key, v
}

// TestWorkerSeesItsOwn: with a worker's key nobody reads other work, results, offers or answers, and nobody writes as another.
func TestWorkerSeesItsOwn(t *testing.T) {
	s := startServer(t, server.Options{})
	c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{})
	secret := []byte("the customer's configuration")
	needs := fleet.Needs{Kind: "container"}
	if err := c.Submit(t.Context(), fleet.Task{ID: "1", Trial: 1, Payload: secret}, needs); err != nil {
		t.Fatal(err)
	}
	nc, key, v := raw(t, s, seed(t))
	for _, on := range []string{">", "reprise.>", "reprise.work.>", "reprise.result.>", "reprise.progress.>", "_INBOX.>", "_INBOX_*.>", "$JS.API.>", "$KV.>", "$KV.reprise-roster.*", "$SYS.>"} {
		if !v.denied(t, nc, func() error { _, err := nc.SubscribeSync(on); return err }) {
			t.Errorf("may listen to %s", on)
		}
	}
	other, _ := seed(t).PublicKey()
	for _, on := range []string{
		"reprise.work." + needs.Key() + ".work.2", "reprise.result.work." + other + ".1", "reprise.record." + other + ".x.0", "$KV.reprise-roster." + other,
		"$KV.reprise-works.work", "$KV.reprise-cancelled.work.1", "$KV.reprise-needs.x", "reprise.plan.x.y.0", "reprise.control." + other + ".drain", "reprise.server.remove",
		"$JS.API.STREAM.MSG.GET.REPRISE_WORK", "$JS.API.DIRECT.GET.REPRISE_WORK", "$JS.API.STREAM.MSG.GET.REPRISE_RESULTS", "$JS.API.DIRECT.GET.REPRISE_RECORDS.reprise.record.x.y.0",
		"$JS.API.CONSUMER.CREATE.REPRISE_WORK", "$JS.API.CONSUMER.CREATE.REPRISE_RESULTS.x", "$JS.API.CONSUMER.DURABLE.CREATE.REPRISE_WORK.x", "$JS.API.CONSUMER.DELETE.REPRISE_WORK.needs-" + needs.Key(),
		"$JS.API.STREAM.PURGE.REPRISE_WORK", "$JS.API.STREAM.DELETE.REPRISE_WORK", "$JS.API.STREAM.CREATE.X", "$JS.API.STREAM.UPDATE.REPRISE_WORK", "$JS.API.DIRECT.GET.KV_reprise-works",
		"_INBOX_" + other + ".x",
	} {
		if !v.denied(t, nc, func() error { return nc.Publish(on, []byte("x")) }) {
			t.Errorf("may publish to %s", on)
		}
	}
	// What it may read of a task that it does not take is encrypted.
	sum := sha256.Sum256(secret)
	stored := "$JS.API.DIRECT.GET.REPRISE_PLANS.reprise.plan." + coordinatorOf(t, s) + "." + hex.EncodeToString(sum[:]) + "."
	all, err := nc.Request(stored+"all", nil, within)
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct{ Name string }
	if err := json.Unmarshal(all.Data, &manifest); err != nil {
		t.Fatal(err)
	}
	chunk, err := nc.Request(stored+manifest.Name+"-0", nil, within)
	if err != nil {
		t.Fatal(err)
	}
	if len(chunk.Data) == 0 || bytes.Contains(chunk.Data, secret) {
		t.Errorf("the stored plan of %d bytes is readable", len(chunk.Data))
	}
	_ = key
}

// TestNoRollUp: who may write its own offer does not delete those of others with it.
func TestNoRollUp(t *testing.T) {
	s := startServer(t, server.Options{Renewal: fleet.DefaultRenewal})
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, newExecutor("victim", 1), fleet.WorkerOptions{})
	workers := func() int {
		st, err := fleet.ReadStatus(t.Context(), s.Conn())
		if err != nil {
			t.Fatal(err)
		}
		return len(st.Workers)
	}
	eventually(t, "the worker is there", func() bool { return workers() == 1 })
	nc, key, _ := raw(t, s, seed(t))
	m := nats.NewMsg("$KV.reprise-roster." + key)
	m.Header.Set("Nats-Rollup", "all")
	answer, err := nc.RequestMsg(m, within)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(answer.Data), "rollup not permitted") {
		t.Errorf("the server answers %s", answer.Data)
	}
	if n := workers(); n != 1 {
		t.Errorf("%d workers after a roll-up", n)
	}
}

// TestOneWorkerFillsNothing: what workers store is bounded, and leaves the server room for leases, tasks and plans.
func TestOneWorkerFillsNothing(t *testing.T) {
	const store = 20 << 20
	s := startServer(t, server.Options{MaxStore: store})
	nc, key, _ := raw(t, s, seed(t))
	fill := func(on string, size int) (refused string) {
		for n := range 200 {
			answer, err := nc.Request(fmt.Sprintf("%s.%d", on, n), make([]byte, size), within)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(answer.Data), "error") {
				return string(answer.Data)
			}
		}
		return ""
	}
	for on, size := range map[string]int{"reprise.record." + key + ".x": 512 << 10, "reprise.result.w." + key: 512 << 10} {
		if got := fill(on, 900<<10); !strings.Contains(got, "message size exceeds") {
			t.Errorf("%s: messages of 900 KiB: %s", on, got)
		}
		if got := fill(on, size); !strings.Contains(got, "maximum messages exceeded") {
			t.Errorf("%s: 100 MiB: %s", on, got)
		}
	}
	st, err := fleet.ReadStatus(t.Context(), s.Conn())
	if err != nil {
		t.Fatal(err)
	}
	if st.Bytes > store*3/4 {
		t.Errorf("the server stores %d bytes, of %d", st.Bytes, store)
	}
	c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{})
	if err := c.Submit(t.Context(), fleet.Task{ID: "1", Trial: 1, Payload: make([]byte, 1<<20)}, fleet.Needs{}); err != nil {
		t.Error(err)
	}
	// A coordinator that sets up what is there lifts no bound.
	if err := fleet.Setup(t.Context(), s.Conn(), 0); err != nil {
		t.Fatal(err)
	}
	if got := fill("reprise.record."+key+".y", 1000); !strings.Contains(got, "maximum messages exceeded") {
		t.Errorf("after another set-up: %s", got)
	}
}

// TestEndlessSeals: who has a task's ticket does not fill a ledger with it, nor with the name of its host.
func TestEndlessSeals(t *testing.T) {
	s := startServer(t, server.Options{})
	lines, refused := make(chan fleet.Sealed, 999), make(chan string, 999)
	c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{
		Failures: 5000, Refused: func(_, _ string, err error) { refused <- err.Error() },
		Uncounted: func(s fleet.Sealed, _ string) error { lines <- s; return nil },
	})
	if err := c.Submit(t.Context(), fleet.Task{ID: "1", Trial: 1, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
		t.Fatal(err)
	}
	pair := seed(t)
	nc, key, _ := raw(t, s, pair)
	m, err := nc.Request("$JS.API.CONSUMER.MSG.NEXT.REPRISE_WORK.needs-"+fleet.Needs{}.Key(), []byte(`{"batch":1,"expires":5000000000}`), within)
	if err != nil {
		t.Fatal(err)
	}
	var job struct{ Plan, Ticket string }
	if err := json.Unmarshal(m.Data, &job); err != nil {
		t.Fatal(err)
	}
	send := func(n int, host string) {
		seal := fleet.Seal{
			Work: "work", ID: "1", Plan: job.Plan, Ticket: job.Ticket, Attempt: 1, Worker: key, Host: host, Session: fmt.Sprint(n), Seq: 1, Failed: "no",
		}
		if _, err := nc.Request("reprise.result.work."+key+".1", forge(t, pair, seal, fleet.Outcome{}), within); err != nil {
			t.Fatal(err)
		}
	}
	send(0, strings.Repeat("h", 5000))
	if got := <-refused; !strings.Contains(got, "its host's name has 5000 bytes") {
		t.Errorf("refused with %q", got)
	}
	for n := range 150 {
		send(n, "host")
	}
	for range 50 {
		select {
		case got := <-refused:
			if !strings.Contains(got, "has sent 100 results") {
				t.Errorf("refused with %q", got)
			}
		case <-time.After(within):
			t.Fatal("not refused")
		}
	}
	if n := len(lines); n != 100 {
		t.Errorf("%d lines", n)
	}
}

func coordinatorOf(t *testing.T, s *server.Server) string {
	t.Helper()
	for _, m := range s.Members() {
		if m.Role == fleet.RoleCoordinator {
			return m.Key
		}
	}
	t.Fatal("no coordinator")
	return ""
}

// forge is a result's message as this package writes it: parts behind their lengths, then the record.
func forge(t *testing.T, pair nkeys.KeyPair, seal fleet.Seal, o fleet.Outcome) []byte {
	t.Helper()
	signed, err := json.Marshal(seal)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := pair.Sign(signed)
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	for _, part := range [][]byte{signed, signature, o.Summary} {
		out = binary.BigEndian.AppendUint32(out, uint32(len(part)))
		out = append(out, part...)
	}
	return append(binary.BigEndian.AppendUint32(out, 0), o.Record...)
}

// TestForgedResults: what does not verify is refused with a reason, and the trial is executed all the same.
func TestForgedResults(t *testing.T) {
	digest := func(b []byte) string { sum := sha256.Sum256(b); return hex.EncodeToString(sum[:]) }
	s := startServer(t, server.Options{})
	refused := make(chan string, 99)
	c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{
		MaxRecord: 1000, Failures: 50, Refused: func(_, id string, err error) { refused <- id + ": " + err.Error() },
	})
	plan := []byte("plan")
	needs := fleet.Needs{Kind: "container"}
	if err := c.Submit(t.Context(), fleet.Task{ID: "1", Trial: 1, Payload: plan}, needs); err != nil {
		t.Fatal(err)
	}
	pair := seed(t)
	nc, key, _ := raw(t, s, pair)
	// It takes the task, as it may, and so learns its ticket.
	m, err := nc.Request("$JS.API.CONSUMER.MSG.NEXT.REPRISE_WORK.needs-"+needs.Key(), []byte(`{"batch":1,"expires":5000000000}`), within)
	if err != nil {
		t.Fatal(err)
	}
	var job struct {
		Ticket string `json:"ticket"`
	}
	if err := json.Unmarshal(m.Data, &job); err != nil || job.Ticket == "" {
		t.Fatalf("the task's message %q: %v", m.Data, err)
	}
	o := outcome(plan, 1, 0)
	good := fleet.Seal{
		Work: "work", ID: "1", Plan: digest(plan), Ticket: job.Ticket, Attempt: 1, Worker: key, Host: "forger", Session: "s", Seq: 1,
		SummaryDigest: digest(o.Summary), RecordDigest: digest(o.Record), Size: int64(len(o.Record)),
	}
	altered := fleet.Outcome{Summary: []byte(`{"verdict":"reproduced"}`), Record: o.Record}
	foreign := seed(t)
	foreignKey, _ := foreign.PublicKey()
	with := func(change func(*fleet.Seal)) fleet.Seal { s := good; change(&s); return s }
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"signed by another key", forge(t, foreign, good, o), "signature"},
		{"sealed by another worker", forge(t, foreign, with(func(s *fleet.Seal) { s.Worker = foreignKey }), o), "the message of"},
		{"no key", forge(t, pair, with(func(s *fleet.Seal) { s.Worker = "me" }), o), "no public nkey"},
		{"of another task", forge(t, pair, with(func(s *fleet.Seal) { s.ID = "2" }), o), "the seal is of task 2"},
		{"without the ticket", forge(t, pair, with(func(s *fleet.Seal) { s.Ticket = "guessed"; s.Session = "t" }), o), "ticket"},
		{"altered summary", forge(t, pair, good, altered), "the summary is not the one"},
		{"altered record", forge(t, pair, good, fleet.Outcome{Summary: o.Summary, Record: []byte("other")}), "the record is not the one"},
		{"oversized record", forge(t, pair, with(func(s *fleet.Seal) { s.Size = 1001; s.Session = "u" }), fleet.Outcome{Summary: o.Summary, Record: make([]byte, 1001)}), "at most 1000"},
		{"cut", forge(t, pair, good, o)[:40], "cut"},
		{"empty", nil, "EOF"},
		{"absurd length", []byte{0xff, 0xff, 0xff, 0xff}, "no length"},
		{"first that follows one", forge(t, pair, with(func(s *fleet.Seal) { s.Prev = digest(nil); s.Session = "v" }), o), "place in the chain"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := nc.Request("reprise.result.work."+key+".1", tt.data, within); err != nil {
				t.Fatal(err)
			}
			select {
			case got := <-refused:
				if !strings.HasPrefix(got, "1: ") || !strings.Contains(got, tt.want) {
					t.Errorf("refused with %q, want %q in it", got, tt.want)
				}
			case <-time.After(within):
				t.Error("it was not refused")
			}
		})
	}
	if err := nc.Publish(m.Reply, []byte("+ACK")); err != nil { // and the forger has it forgotten
		t.Fatal(err)
	}
	honest := newExecutor("honest", 1)
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, honest, fleet.WorkerOptions{})
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	sealed, err := c.Await(ctx, "1")
	if err != nil {
		t.Fatal(err)
	}
	if sealed.Host != "honest" {
		t.Errorf("executed by %s", sealed.Host)
	}
	if _, err := fleet.VerifySeal(sealed.Signed, sealed.Signature, sealed.Summary, sealed.Record); err != nil {
		t.Errorf("VerifySeal: %v", err)
	}
	if _, err := fleet.VerifySeal(sealed.Signed, sealed.Signature, sealed.Summary, append(sealed.Record, 0)); err == nil {
		t.Error("VerifySeal accepts a longer record")
	}
}

// TestChain: two seals at one place, or one that does not follow the one before, are refused; a missing one is told.
func TestChain(t *testing.T) {
	digest := func(b []byte) string { sum := sha256.Sum256(b); return hex.EncodeToString(sum[:]) }
	s := startServer(t, server.Options{})
	refused := make(chan string, 99)
	c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{
		Refused: func(_, id string, err error) { refused <- id + ": " + err.Error() },
	})
	needs := fleet.Needs{}
	pair := seed(t)
	nc, key, _ := raw(t, s, pair)
	tickets := map[string]string{}
	for n := 1; n <= 4; n++ {
		if err := c.Submit(t.Context(), fleet.Task{ID: fmt.Sprint(n), Trial: n, Payload: []byte("plan")}, needs); err != nil {
			t.Fatal(err)
		}
		m, err := nc.Request("$JS.API.CONSUMER.MSG.NEXT.REPRISE_WORK.needs-"+needs.Key(), []byte(`{"batch":1,"expires":5000000000}`), within)
		if err != nil {
			t.Fatal(err)
		}
		var job struct{ ID, Ticket string }
		if err := json.Unmarshal(m.Data, &job); err != nil {
			t.Fatal(err)
		}
		tickets[job.ID] = job.Ticket
	}
	send := func(id string, seq uint64, prev string) string {
		o := outcome([]byte("plan"), 1, 0)
		seal := fleet.Seal{
			Work: "work", ID: id, Plan: digest([]byte("plan")), Ticket: tickets[id], Attempt: 1, Worker: key, Host: "h", Session: "s", Seq: seq, Prev: prev,
			SummaryDigest: digest(o.Summary), RecordDigest: digest(o.Record), Size: int64(len(o.Record)),
		}
		signed, err := json.Marshal(seal)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := nc.Request("reprise.result.work."+key+"."+id, forge(t, pair, seal, o), within); err != nil {
			t.Fatal(err)
		}
		return digest(signed)
	}
	await := func(id string) fleet.Sealed {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		sealed, err := c.Await(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		return sealed
	}
	one := send("1", 1, "")
	if await("1").Gap {
		t.Error("a gap before the first")
	}
	send("2", 2, digest([]byte("another")))
	if got := <-refused; !strings.Contains(got, "does not follow") {
		t.Errorf("refused with %q", got)
	}
	two := send("2", 2, one)
	if await("2").Gap {
		t.Error("a gap where there is none")
	}
	send("3", 2, one)
	if got := <-refused; !strings.Contains(got, "two seals stand at place 2") {
		t.Errorf("refused with %q", got)
	}
	send("3", 4, two)
	if !await("3").Gap {
		t.Error("no gap where one is missing")
	}
}

// TestRecordBounds: a record that is larger than the worker may send fails there.
func TestRecordBounds(t *testing.T) {
	s := startServer(t, server.Options{})
	c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{Failures: 1})
	e := newExecutor("host", 1)
	e.size = 2000
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, e, fleet.WorkerOptions{MaxRecord: 1999})
	if err := c.Submit(t.Context(), fleet.Task{ID: "1", Trial: 1, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Await(t.Context(), "1"); err == nil || !strings.Contains(err.Error(), "at most 1999 are sent") {
		t.Errorf("Await: %v", err)
	}
}

// TestAcceptedCoordinators: a worker takes the tasks of those coordinators that its owner names.
func TestAcceptedCoordinators(t *testing.T) {
	s := startServer(t, server.Options{})
	mine, other := dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)})
	e := newExecutor("host", 1)
	w := startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, e, fleet.WorkerOptions{Accept: []string{mine.PublicKey()}})
	for i, conn := range []*fleet.Conn{other, mine} {
		c := join(t, conn, fmt.Sprintf("work%d", i), fleet.CoordinatorOptions{})
		if err := c.Submit(t.Context(), fleet.Task{ID: "1", Trial: i, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
			t.Fatal(err)
		}
		if conn == mine {
			if _, err := c.Await(t.Context(), "1"); err != nil {
				t.Fatal(err)
			}
		} else {
			eventually(t, "the worker says what it does not take", func() bool {
				for _, l := range w.Log() {
					if strings.Contains(l.Text, other.PublicKey()) && strings.Contains(l.Text, "is not taken") {
						return true
					}
				}
				return false
			})
		}
	}
	if e.executions(0) != 0 {
		t.Error("a task of a coordinator that is not accepted was executed")
	}
	for _, conn := range []*fleet.Conn{other, mine} {
		var s fleet.Status
		eventually(t, "it is known that the worker is idle", func() (idle bool) {
			var err error
			if s, err = fleet.ReadStatus(t.Context(), conn); err != nil || len(s.Workers) != 1 || s.You != conn.PublicKey() {
				t.Fatalf("%+v, %v", s, err)
			}
			return len(s.Workers[0].Idle) > 0
		})
		const unaccepted = "you are not among them: reprise worker --accept "
		if told := strings.Contains(strings.Join(s.Workers[0].Idle, "\n"), unaccepted+conn.PublicKey()); told != (conn == other) {
			t.Errorf("the status says of the worker: %q", s.Workers[0].Idle)
		}
	}
}

// TestImages: an image is shipped once, and reaches only who has a task with it, whole or not at all.
func TestImages(t *testing.T) {
	s := startServer(t, server.Options{})
	c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{Failures: 1})
	image := bytes.Repeat([]byte("layer "), 400_000)
	sum := sha256.Sum256(image)
	digest := hex.EncodeToString(sum[:])
	opened := 0
	open := func() (io.ReadCloser, error) { opened++; return io.NopCloser(bytes.NewReader(image)), nil }
	for range 2 {
		if err := c.Ship(t.Context(), digest, open); err != nil {
			t.Fatal(err)
		}
	}
	if opened != 1 {
		t.Errorf("the image was read %d times", opened)
	}
	wrong := strings.Repeat("0", 64)
	if err := c.Ship(t.Context(), wrong, open); err == nil || !strings.Contains(err.Error(), "not "+wrong) {
		t.Errorf("an image under another's digest: %v", err)
	}
	e := newExecutor("host", 1)
	e.begin = func(ctx context.Context, task fleet.Task) error {
		r, err := task.Image(ctx, digest)
		if err != nil {
			return err
		}
		got, err := io.ReadAll(r)
		if err == nil && !bytes.Equal(got, image) {
			err = errors.New("another image")
		}
		return err
	}
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, e, fleet.WorkerOptions{})
	if err := c.Submit(t.Context(), fleet.Task{ID: "1", Trial: 1, Payload: []byte("plan"), Images: []string{digest}}, fleet.Needs{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Await(t.Context(), "1"); err != nil {
		t.Error(err)
	}
	if err := c.Submit(t.Context(), fleet.Task{ID: "2", Trial: 2, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Await(t.Context(), "2"); err == nil || !strings.Contains(err.Error(), "was not shipped with this task") {
		t.Errorf("an image without a task that names it: %v", err)
	}
}

// TestImageGone: an image that the server has lost fails its task at once, by whose word anybody can tell what to do, and no host rests
// for it; one that grows old is stored anew while it is there.
func TestImageGone(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	s := startServer(t, server.Options{})
	conn := dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)})
	c := join(t, conn, "work", fleet.CoordinatorOptions{Failures: 100})
	image := bytes.Repeat([]byte("layer "), 400_000)
	digest := digestOf(image)
	opened := 0
	ship := func() {
		t.Helper()
		if err := c.Ship(ctx, digest, func() (io.ReadCloser, error) { opened++; return io.NopCloser(bytes.NewReader(image)), nil }); err != nil {
			t.Fatal(err)
		}
	}
	ship()
	e := newExecutor("host", 1)
	e.begin = func(ctx context.Context, task fleet.Task) error {
		r, err := task.Image(ctx, digest)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, r)
		return err
	}
	w := startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, e, fleet.WorkerOptions{})
	if err := fleet.LoseImages(ctx, conn); err != nil {
		t.Fatal(err)
	}
	await := func(n int) error {
		t.Helper()
		if err := c.Submit(ctx, fleet.Task{ID: fmt.Sprint(n), Trial: n, Payload: []byte("plan"), Images: []string{digest}}, fleet.Needs{}); err != nil {
			t.Fatal(err)
		}
		_, err := c.Await(ctx, fmt.Sprint(n))
		return err
	}
	err := await(1)
	failed, ok := errors.AsType[*fleet.FailedError](err)
	if !ok || !fleet.ImageGone(failed.Reasons[0]) {
		t.Fatalf("without the image: %v", err)
	}
	for _, l := range w.Log() {
		if strings.Contains(l.Text, "resting") {
			t.Error(l.Text)
		}
	}
	ship()
	if err := await(2); err != nil {
		t.Errorf("when it was shipped again: %v", err)
	}
	once, err := fleet.KeepImages(ctx, conn, within/4)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is shipped before it is gone", func() bool { ship(); return opened == 3 })
	if twice, err := fleet.KeepImages(ctx, conn, within); err != nil || twice != 2*once-1 {
		t.Errorf("%d messages, and %d when it was shipped again: %v", once, twice, err)
	}
}

// TestStrangers: workers that take nothing of this coordinator, or whose results it does not take, are not waited for and are said
// to be what they are; nor does one that never comes to try keep a task from being given up.
func TestStrangers(t *testing.T) {
	other, _ := seed(t).PublicKey()
	sick := func(name string) *executor {
		e := newExecutor(name, 1)
		e.begin = func(context.Context, fleet.Task) error { return errors.New("no engine") }
		return e
	}
	fails := func(t *testing.T, c *fleet.Coordinator) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		if err := c.Submit(ctx, fleet.Task{ID: "1", Trial: 1, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
			t.Fatal(err)
		}
		var failed *fleet.FailedError
		if _, err := c.Await(ctx, "1"); !errors.As(err, &failed) {
			t.Errorf("Await: %v", err)
		}
	}
	for _, tt := range []struct {
		name string
		o    fleet.WorkerOptions
		want string
	}{
		{"accepts another", fleet.WorkerOptions{Accept: []string{other}}, "it takes trials of those alone whom its owner names, and you are not among them: reprise worker --accept U"},
		{"is not trusted", fleet.WorkerOptions{}, "is not one of those whose results are taken"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := startServer(t, server.Options{})
			own := seed(t)
			key, err := own.PublicKey()
			if err != nil {
				t.Fatal(err)
			}
			unmet := make(chan string, 99)
			o := fleet.CoordinatorOptions{Failures: 2, Unmet: func(_ fleet.Needs, why []fleet.Refusal, met bool) {
				if !met && len(why) > 0 {
					unmet <- fmt.Sprint(why)
				}
			}}
			if tt.o.Accept == nil {
				o.Trusted = []string{key}
			}
			c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", o)
			stranger := newExecutor("stranger", 1)
			stranger.begin = func(ctx context.Context, _ fleet.Task) error { <-ctx.Done(); return ctx.Err() }
			startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, stranger, tt.o)
			eventually(t, "the stranger is there", func() bool { return len(c.Workers()) == 1 })
			if why, met := c.Lacking(fleet.Needs{}); met || len(why) != 1 || !strings.Contains(strings.Join(why[0].Why, ". "), tt.want) {
				t.Errorf("Lacking: %v, met %v", why, met)
			}
			if err := c.Submit(t.Context(), fleet.Task{ID: "0", Trial: 9, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
				t.Fatal(err)
			}
			select {
			case got := <-unmet:
				if !strings.Contains(got, tt.want) {
					t.Errorf("unmet: %s", got)
				}
			case <-time.After(within):
				t.Error("nobody said that no worker can take the task")
			}
			startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker), Signer: own}, sick("sick"), fleet.WorkerOptions{Rest: time.Millisecond})
			if tt.o.Accept == nil {
				// It has the stranger's task until the work ends.
				eventually(t, "the stranger has a task", func() bool { return stranger.executions(9) == 1 })
			} else if err := c.Cancel(t.Context(), "0"); err != nil {
				t.Fatal(err)
			}
			fails(t, c)
		})
	}
	t.Run("never comes to try", func(t *testing.T) {
		s := startServer(t, server.Options{})
		c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{Failures: 1})
		busy := newExecutor("busy", 1)
		busy.begin = func(ctx context.Context, _ fleet.Task) error { <-ctx.Done(); return ctx.Err() }
		startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, busy, fleet.WorkerOptions{})
		if err := c.Submit(t.Context(), fleet.Task{ID: "0", Trial: 9, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it is busy", func() bool { return busy.executions(9) == 1 })
		startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, sick("sick"), fleet.WorkerOptions{Rest: time.Millisecond})
		eventually(t, "both are there", func() bool { return len(c.Workers()) == 2 })
		fails(t, c)
	})
}
