package namespaces

import (
	"encoding/json"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/topologiestest"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// Who leaves a lab while something is carried out that he has asked for has it until that is done: what he has asked for
// would act beside what the next does.
func TestDoorWaitsForWhatIsCarriedOut(t *testing.T) {
	t.Parallel()
	const number = 5
	s := &supervisor{nodes: map[string]*node{}, lives: map[int]*life{}, awaited: map[int]chan struct{}{}, commands: map[commandID]*command{}}
	dir := t.TempDir()
	f, err := listenAt(dir)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.FileListener(f)
	if err != nil {
		t.Fatal(err)
	}
	door := listener.(*net.UnixListener)
	t.Cleanup(func() { _ = door.Close(); _ = f.Close() })
	gone := make(chan struct{})
	close(gone)
	go s.answerDoor(door, gone)
	comes := func() (*net.UnixConn, bool) {
		t.Helper()
		conn, err := knock(dir)
		if err != nil {
			t.Fatal(err)
		}
		var g greeting
		if _, err := receive(conn, make([]byte, maxMessage), &g); err != nil {
			t.Fatal(err)
		}
		return conn, g.Taken == ""
	}

	s.await(number)              // the operation waits until it is decided
	hung := commandID{number: 1} // of who built the lab
	s.expect(hung)
	left := s.commands[hung].forget
	first, in := comes()
	if !in {
		t.Fatal("a lab that nobody has is taken")
	}
	near, far, err := socketPair(unix.SOCK_STREAM)
	if err != nil {
		t.Fatal(err)
	}
	if err := send(first, request{ID: 1, Op: opWire}, far); err != nil {
		t.Fatal(err)
	}
	line, err := json.Marshal(map[string]any{"id": 1, "op": wiring.Op{Kind: wiring.State, A: wiring.Port{PID: number, Interface: "eth1"}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := near.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
	for _, end := range []interface{ Close() error }{far, near, first} {
		_ = end.Close()
	}
	<-left // it is known that he is gone
	for range 50 {
		conn, in := comes()
		_ = conn.Close()
		if in {
			t.Fatal("somebody has the lab while another's operation is carried out")
		}
	}
	s.decided(number)
	topologiestest.Eventually(t, "the lab is free", func() bool {
		conn, in := comes()
		_ = conn.Close()
		return in
	})
}

// An answer goes to who asked, also when somebody else has the lab by then: both number what they ask for from one.
func TestAnswerGoesToWhoAsked(t *testing.T) {
	t.Parallel()
	pair := func() (ours, theirs *net.UnixConn) {
		t.Helper()
		a, b, err := socketPair(unix.SOCK_SEQPACKET)
		if err != nil {
			t.Fatal(err)
		}
		if ours, err = unixConn(a); err == nil {
			theirs, err = unixConn(b)
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = ours.Close(); _ = theirs.Close() })
		return ours, theirs
	}
	asks, heard := pair()
	next, hears := pair()
	s := &supervisor{nodes: map[string]*node{}, control: hears}
	go func() { _ = s.listen(newTenure(heard)) }()
	if err := send(asks, request{ID: 1, Op: opMeet, Node: "r1"}); err != nil {
		t.Fatal(err)
	}
	if err := asks.SetReadDeadline(time.Now().Add(time.Minute)); err != nil { // nothing comes where it goes astray
		t.Fatal(err)
	}
	var a answer
	if _, err := receive(asks, make([]byte, maxMessage), &a); err != nil || a.ID != 1 || a.Error == "" {
		t.Errorf("who asked hears %+v, %v", a, err)
	}
	s.tell(answer{Node: "r1", Gone: true})
	if _, err := receive(next, make([]byte, maxMessage), &a); err != nil || a.Node != "r1" {
		t.Errorf("who has the lab hears first %+v, %v", a, err)
	}
}
