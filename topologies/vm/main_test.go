package vm_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/vm"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// The test binary also plays a process that owns a lab until it is killed, and what carries out wiring in a guest.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "__wire" {
		if err := wiring.Serve(os.Stdin, os.Stdout, nil, nil, nil); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) > 2 && os.Args[1] == "__own" {
		os.Exit(ownLab(os.Args[2]))
	}
	os.Exit(m.Run())
}

// ownLab reserves one machine, says so, and waits for its input to end.
func ownLab(options string) int {
	var o topologies.Options
	err := json.Unmarshal([]byte(options), &o)
	var p *vm.Provider
	if err == nil {
		p, err = vm.New(vm.Options{})
	}
	ctx := context.Background()
	var r topologies.Reservation
	if err == nil {
		r, err = p.Reserve(ctx, machines("n1"), o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("ready", r.ID())
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := r.Release(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// image is what the nodes of the tests run.
const image = "reprise/guest:bookworm"

// setup gives a provider, or skips the test where there are no machines.
func setup(tb testing.TB, o vm.Options) *vm.Provider {
	tb.Helper()
	livetest.Long(tb, "boots machines")
	if _, err := exec.LookPath("qemu-system-x86_64"); err != nil {
		livetest.Missing(tb, "qemu", err)
	}
	o.Progress = func(text string) { tb.Log(text) }
	p, err := vm.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = p.Close() })
	if err := p.Check(tb.Context(), machines("n1")); err != nil {
		livetest.Missing(tb, "a guest", err)
	}
	return p
}

// reserve builds a lab and releases it when the test ends.
func reserve(tb testing.TB, p *vm.Provider, t topologies.Topology) topologies.Reservation {
	tb.Helper()
	start := time.Now()
	r, err := p.Reserve(tb.Context(), t, topologies.Options{})
	if r != nil {
		tb.Cleanup(func() {
			if err := r.Release(context.WithoutCancel(tb.Context())); err != nil {
				tb.Error(err)
			}
		})
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Logf("reserved in %.1f s", time.Since(start).Seconds())
	return r
}

func machines(names ...string) topologies.Topology {
	t := topologies.Topology{Name: "machines"}
	for _, n := range names {
		t.Nodes = append(t.Nodes, topologies.Node{Name: n, Kind: topologies.KindLinux, Image: image})
	}
	return t
}

// pair is two machines with n links, eth1 to eth1 and so on.
func pair(n int) topologies.Topology {
	t := machines("n1", "n2")
	for i := range n {
		name := fmt.Sprintf("eth%d", i+1)
		t.Links = append(t.Links, topologies.Link{
			A: topologies.Endpoint{Node: "n1", Interface: name}, B: topologies.Endpoint{Node: "n2", Interface: name},
		})
	}
	return t
}

func host(tb testing.TB, r topologies.Reservation, node string) topologies.Host {
	tb.Helper()
	h, err := r.Host(node)
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

// try runs lines of the shell.
func try(ctx context.Context, h topologies.Host, script string) (string, error) {
	var out bytes.Buffer
	exit, err := h.Exec(ctx, []string{"sh", "-ec", script}, nil, &out, &out)
	if err == nil && exit != 0 {
		err = fmt.Errorf("exit status %d", exit)
	}
	return strings.TrimSpace(out.String()), err
}

// run runs lines of the shell that must succeed.
func run(tb testing.TB, h topologies.Host, script string) string {
	tb.Helper()
	out, err := try(tb.Context(), h, script)
	if err != nil {
		tb.Fatalf("%s: %v\n%s", script, err, out)
	}
	return out
}

// eventually waits until lines of the shell succeed, and gives what they print.
func eventually(tb testing.TB, h topologies.Host, within time.Duration, script string) string {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), within)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	last := ""
	for {
		out, err := try(ctx, h, script)
		if err == nil {
			return out
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			last = fmt.Sprint(out, " ", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			tb.Fatalf("never came true: %s: %s", script, last)
		}
	}
}
