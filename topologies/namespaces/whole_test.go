package namespaces_test

import (
	"testing"

	"github.com/reprise-lab/reprise/topologies"
)

// Nodes of an image have its programs until one is written, taken away or mounted over, and again when they are made anew;
// what daemons write is none. Of a node with an environment or folders of its own nobody knows.
func TestPrograms(t *testing.T) {
	p := open(t)
	topology := subject().Ring(4)
	topology.Nodes[1].Rights = []topologies.Right{topologies.RightNamespaces} // it may mount
	topology.Nodes[2].Env = map[string]string{"LD_LIBRARY_PATH": "/srv"}
	topology.Nodes[3].Binds = []string{t.TempDir() + ":/usr/local/lib"}
	r, err := p.Reserve(t.Context(), topology, topologies.Options{Run: "programs"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Release(t.Context()) })
	name := func(i int) string { return topology.Nodes[i].Name }
	of := func(i int) string {
		t.Helper()
		host, err := r.Host(name(i))
		if err != nil {
			t.Fatal(err)
		}
		programs, err := host.(topologies.ProgramsTeller).Programs(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return programs
	}
	run := func(i int, script string) {
		t.Helper()
		host, err := r.Host(name(i))
		if err != nil {
			t.Fatal(err)
		}
		if exit, err := host.Exec(t.Context(), []string{"sh", "-c", script}, nil, nil, nil); err != nil || exit != 0 {
			t.Fatalf("%s: exit status %d, %v", script, exit, err)
		}
	}
	first := of(0)
	if first == "" || of(1) != first {
		t.Errorf("two of one image have %q and %q", first, of(1))
	}
	if own, bound := of(2), of(3); own != "" || bound != "" {
		t.Errorf("with an environment %q, with a folder of the machine %q", own, bound)
	}
	run(0, "mkdir -p /etc/own /var/lib/own; echo x >/etc/own/x; echo x >/var/lib/own/x; echo x >/tmp/x; rm /etc/hostname")
	if got := of(0); got != first {
		t.Errorf("it wrote files, and has %q", got)
	}
	for _, script := range []string{
		"cp /bin/true /usr/bin/own", "rm /bin/true", "mkdir -p /opt; echo x >/opt/x", "echo /srv >/etc/ld.so.preload.new; mv /etc/ld.so.preload.new /etc/ld.so.preload; cp /bin/sh /new",
		"mount --bind /tmp /usr/lib", "mount -t tmpfs own /usr/local",
	} {
		if _, _, err := r.(topologies.Resetter).Reset(t.Context(), name(1)); err != nil {
			t.Fatal(err)
		}
		if got := of(1); got != first {
			t.Errorf("made anew it has %q", got)
		}
		run(1, script)
		if got := of(1); got != "" {
			t.Errorf("after %q it has %q", script, got)
		}
	}
}
