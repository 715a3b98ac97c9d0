package node_test

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/node"
)

var littleEndian = binary.LittleEndian

// Logs are read from a mark on: what was added, and all of a file that was begun anew. Lines of
// syslog that a daemon has in its own log are told once more without them.
func TestLogsSince(t *testing.T) {
	t.Parallel()
	host := drivertest.NewRooted(t, nil)
	bird := steady("bird")
	bird.Logs, bird.Copies, bird.Own = []string{"/var/log/reprise/own"}, []string{"/var/log/reprise/copy"}, true
	host.Write(t, "/var/log/reprise/own", "before\n")
	host.Write(t, "/var/log/reprise/copy", "before\n")
	n := running(t, host, nil, bird)
	mark, err := n.MarkLogs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if files, err := n.LogsSince(t.Context(), mark); err != nil || len(files) != 0 {
		t.Errorf("nothing was logged: %+v, %v", files, err)
	}
	stamp := time.Now().UTC().Format("2006-01-02 15:04:05 Jan _2 15:04:05 ")
	own := stamp[:20] + "<INFO> down\n" + stamp[:20] + "<INFO> up\n"
	host.Write(t, "/var/log/reprise/own", "before\n"+own)
	host.Write(t, "/var/log/reprise/copy", "new\n") // begun anew
	host.Write(t, "/var/log/reprise/syslog.log", stamp+"bird: up\n"+stamp+"bird[7]: down\n"+stamp+"bird: up\n"+stamp+"birdwatcher: x\n"+stamp+"kernel: a bird: y\n")
	files, err := n.LogsSince(t.Context(), mark)
	if err != nil {
		t.Fatal(err)
	}
	want := []drivers.LogFile{
		{Path: "/var/log/reprise/own", Text: own},
		{Path: "/var/log/reprise/copy", Text: "new\n", Copy: true, Truncated: true, Anew: true}, // what it had is gone
		{Path: "/var/log/reprise/syslog.log", Text: host.Read("/var/log/reprise/syslog.log"), Copy: true},
		{Path: "syslog-alone.log", Text: stamp + "bird: up\n" + stamp + "birdwatcher: x\n" + stamp + "kernel: a bird: y\n"},
	}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Error(diff)
	}
	host.Write(t, "/var/log/reprise/own", "before\n"+strings.Repeat("x", 3<<20)+"end\n")
	files, err = n.LogsSince(t.Context(), mark)
	if err != nil || !files[0].Truncated || len(files[0].Text) != 1<<20 || !strings.HasSuffix(files[0].Text, "end\n") {
		t.Errorf("of three MiB: %d bytes, %v", len(files[0].Text), err)
	}
}

// A log that is another file than at the mark, however long, or is gone, may have had lines that nobody reads.
func TestLogsRotated(t *testing.T) {
	t.Parallel()
	host := drivertest.NewRooted(t, nil)
	n := running(t, host, nil, steady("one"))
	const log = "/var/log/reprise/syslog.log"
	for _, again := range []string{"", "one\n", "one\ntwo\nthree\n"} {
		host.Write(t, log, "one\ntwo\n")
		mark, err := n.MarkLogs(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(host.Dir+log, host.Dir+log+".1"); err != nil {
			t.Fatal(err)
		}
		if again != "" {
			host.Write(t, log, again)
		}
		files, err := n.LogsSince(t.Context(), mark)
		if err != nil || len(files) != 2 || !files[0].Truncated || !files[0].Anew || files[0].Text != again {
			t.Errorf("rotated to %q: %+v, %v", again, files, err)
		}
	}
}

// A log that was cut where it is goes on from no mark: not by what is left of it, nor where it has grown beyond that
// since.
func TestLogsCut(t *testing.T) {
	t.Parallel()
	host := drivertest.NewRooted(t, nil)
	n := running(t, host, nil, steady("one"))
	const log = "/var/log/reprise/syslog.log"
	for _, again := range []string{"", "two\n", "six\n", "one\nnew\nand more\n", "\x00\x00\x00\x00\x00\x00\x00\x00new\n"} {
		host.Write(t, log, "one\ntwo\n")
		mark, err := n.MarkLogs(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		host.Write(t, log, again)
		files, err := n.LogsSince(t.Context(), mark)
		if err != nil || len(files) != 2 || !files[0].Truncated || !files[0].Anew || files[0].Text != again {
			t.Errorf("cut and written to %q: %+v, %v", again, files, err)
		}
	}
}

// Lines that a log had before are told where they come again with the time that they had; what has no time may come again.
func TestLogsAgain(t *testing.T) {
	t.Parallel()
	host := drivertest.NewRooted(t, nil)
	n := running(t, host, nil, steady("one"))
	const log, bare = "/var/log/reprise/syslog.log", "x: bad"
	old, other := time.Now().UTC().Format(time.DateTime)+" x: bad", time.Now().UTC().Add(time.Second).Format(time.DateTime)+" x: bad"
	host.Write(t, log, old+"\n"+bare+"\n")
	mark, err := n.MarkLogs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	host.Write(t, log, old+"\n"+bare+"\n"+old+"\n"+bare+"\n"+other+"\n")
	files, err := n.LogsSince(t.Context(), mark)
	if err != nil || len(files) != 2 || files[0].Anew || !slices.Equal(files[0].Again, []string{old}) || files[0].Older != nil {
		t.Errorf("%+v, %v", files, err)
	}
}

// Lines that come after a mark and name a time long before it are told, in the forms that logs have, and the zones that a node may
// write.
func TestLogsOlder(t *testing.T) {
	t.Parallel()
	host := drivertest.NewRooted(t, nil)
	n := running(t, host, nil, steady("one"))
	const log = "/var/log/reprise/syslog.log"
	mark, err := n.MarkLogs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC()
	lines := func(at time.Time) []string {
		return []string{
			at.Format("2006/01/02 15:04:05 OSPF: bad"), at.Format("2006-01-02 15:04:05.000 <INFO> bad"), at.Format("2006-01-02T15:04:05.000Z|00001|bridge|INFO|bad"),
			at.Format("Jan _2 15:04:05 r1 x: bad"), at.In(time.FixedZone("", 5*3600)).Format("2006-01-02T15:04:05-07:00 bad"),
		}
	}
	old := append(lines(now.Add(-17*time.Hour)), lines(now.AddDate(0, -3, 0))...)
	late := append(lines(now.Add(-20*time.Second)), now.Format("15:04:05 bad"), "bad")
	host.Write(t, log, strings.Join(append(late, old...), "\n")+"\n")
	files, err := n.LogsSince(t.Context(), mark)
	if err != nil || len(files) != 2 {
		t.Fatalf("%+v, %v", files, err)
	}
	for _, f := range files {
		if diff := cmp.Diff(old, f.Older); diff != "" {
			t.Errorf("%s: %s", f.Path, diff)
		}
	}
}

// What is logged while a mark is made is not older than the mark, in a lab whose clock runs minutes meanwhile.
func TestLogsOlderOfAFastClock(t *testing.T) {
	t.Parallel()
	host := drivertest.NewRooted(t, map[string]string{"date": `[ "$1" = '+%s %z' ] || exit 1
echo '2026-03-01 10:00:00 x: bad' >>/var/log/reprise/syslog.log
echo '1772359500 +0000' # 10:05:00
`})
	n := running(t, host, nil, steady("one"))
	mark, err := n.MarkLogs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if files, err := n.LogsSince(t.Context(), mark); err != nil || len(files) != 0 {
		t.Errorf("%+v, %v", files, err)
	}
}

// A log that may not have everything says so: what is not logged cannot be absent.
func TestUnlogged(t *testing.T) {
	own := func(s node.Service, logs ...string) node.Service {
		s.Own, s.Logs = true, logs
		return s
	}
	silent := steady("one")
	silent.Argv, silent.Ready = []string{"sleep", "1000"}, "true"
	elsewhere, quiet, writes := steady("one"), steady("one"), steady("one")
	elsewhere.Elsewhere = "logs to a server"
	quiet.Quiet = "echo 'debug is off'"
	writes.Argv[2] = "exec 5>>/var/log/reprise/own; echo 'it is ready'; exec sleep 1000"
	for _, tt := range []struct {
		name     string
		services []node.Service
		spoil    func(*testing.T, *drivertest.Rooted)
		want     string
	}{
		{name: "it prints", services: []node.Service{steady("one")}},
		{name: "it says nothing", services: []node.Service{silent}, want: "one has logged nothing since it started"},
		{name: "it says nothing but to syslog", services: []node.Service{silent}, spoil: func(t *testing.T, h *drivertest.Rooted) {
			t.Helper()
			h.Write(t, "/var/log/reprise/syslog.log", "x\n")
		}},
		{name: "it logs elsewhere", services: []node.Service{steady("zero"), elsewhere}, want: "one logs to a server"},
		{name: "it does not log everything", services: []node.Service{quiet}, want: "one does not log everything: debug is off"},
		{name: "it writes a log of ours", services: []node.Service{own(writes, "/var/log/reprise/own")}},
		{name: "it has closed it", services: []node.Service{own(steady("one"), "/var/log/reprise/own")}, want: "one does not log to /var/log/reprise/own any more"},
		{name: "it was started anew by hand", services: []node.Service{own(steady("onebyhand"), "/var/log/reprise/own")}, spoil: func(t *testing.T, h *drivertest.Rooted) {
			t.Helper()
			anew(t, h, "onebyhand", false)
		}, want: "onebyhand does not log to /var/log/reprise/own any more"},
		{name: "which logs there", services: []node.Service{own(steady("twobyhand"), "/var/log/reprise/own")}, spoil: func(t *testing.T, h *drivertest.Rooted) {
			t.Helper()
			anew(t, h, "twobyhand", true)
		}},
		{name: "no daemon at all", want: "no daemon of this node logs anywhere that is read"},
		{name: "our reader of syslog is gone", services: []node.Service{steady("one")}, spoil: func(t *testing.T, h *drivertest.Rooted) {
			t.Helper()
			h.Write(t, "/run/reprise/syslog.reader", "99999999\n")
		}, want: "what read /dev/log for us has ended"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			host := drivertest.NewRooted(t, nil)
			host.Write(t, "/var/log/reprise/own", "")
			n := running(t, host, nil, tt.services...)
			if tt.spoil != nil {
				tt.spoil(t, host)
			}
			if got, err := n.Unlogged(t.Context()); err != nil || !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
				t.Errorf("%q, %v, want %q…", got, err, tt.want)
			}
		})
	}
}

// anew has a daemon of a name run that nobody of us has started, in place of ours; logging where ours did, or nowhere.
func anew(t *testing.T, h *drivertest.Rooted, name string, logging bool) {
	t.Helper()
	h.Write(t, "/run/reprise/"+name+".pid", "")
	if err := os.Remove(h.Dir + "/run/reprise/" + name + ".pid"); err != nil {
		t.Fatal(err)
	}
	sleep, err := os.ReadFile("/bin/sleep")
	if err != nil {
		t.Fatal(err)
	}
	program := h.Dir + "/" + name
	if err := os.WriteFile(program, sleep, 0o700); err != nil {
		t.Fatal(err)
	}
	log, err := os.OpenFile(h.Dir+"/var/log/reprise/own", os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	c := exec.CommandContext(t.Context(), program, "1000")
	if logging {
		c.Stdout = log
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Wait() })
}

// ipScript is an ip that shows what lies in files of the node, and notes what it is told to do.
const ipScript = `
case "$*" in
"-j addr show") cat /run/reprise/addr.json;;
"-4 route show table main") cat /run/reprise/routes4;;
"-6 route show table main") cat /run/reprise/routes6;;
*show*) ;;
*) echo "ip $*" >>/run/reprise/told; [ -e /run/reprise/deaf ] || cp /run/reprise/saved/* /run/reprise/;;
esac
`

// network puts the state of the network stack where ipScript finds it; into the folder
// "saved/" too where it is what a change brings back.
func network(t *testing.T, host *drivertest.Rooted, folder, addr, routes string) {
	t.Helper()
	host.Write(t, "/run/reprise/"+folder+"addr.json", addr)
	host.Write(t, "/run/reprise/"+folder+"routes4", routes)
	host.Write(t, "/run/reprise/"+folder+"routes6", "")
}

// The network is brought back to what it was: links that came are taken away, addresses, MTU,
// state and routes are set; and where it differs all the same, that is an error.
func TestNetwork(t *testing.T) {
	t.Parallel()
	host := drivertest.NewRooted(t, map[string]string{"ip": ipScript, "bridge": "", "tc": "echo noqueue", "nft": "exit 1"})
	n := running(t, host, nil)
	if err := n.RestoreNetwork(t.Context()); !errors.Is(err, drivers.ErrUnsupported) {
		t.Errorf("nothing was saved: %v", err)
	}
	const (
		saved = `[{"ifname":"eth1","flags":["UP"],"mtu":1500,"addr_info":[{"family":"inet","local":"10.0.0.1","prefixlen":24},{"family":"inet6","local":"fe80::1","prefixlen":64,"scope":"link"}]},
			{"ifname":"eth2","flags":["UP"],"mtu":1500,"master":"br0"}]`
		changed = `[{"ifname":"eth1","flags":[],"mtu":1400,"master":"br0","addr_info":[{"family":"inet","local":"10.0.0.9","prefixlen":24}]},
			{"ifname":"eth2","flags":["UP"],"mtu":1500},{"ifname":"vxlan1","flags":[],"mtu":1450}]`
	)
	for _, folder := range []string{"", "saved/"} {
		network(t, host, folder, saved, "10.9.0.0/16 via 10.0.0.2 linkdown\n10.0.0.0/24 dev eth1 proto kernel\n10.8.0.0/16\n\tnexthop via 10.0.0.3\n")
	}
	if err := n.SaveNetwork(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := n.RestoreNetwork(t.Context()); err != nil {
		t.Fatalf("nothing has changed: %v", err)
	}
	if err := os.Remove(host.Dir + "/run/reprise/told"); err != nil { // routes are added at any rate
		t.Fatal(err)
	}
	network(t, host, "", changed, "10.7.0.0/16 via 10.0.0.7\n")
	if err := n.RestoreNetwork(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"ip link del vxlan1", "ip link set eth1 mtu 1500", "ip link set eth1 nomaster", "ip link set eth1 up",
		"ip addr del 10.0.0.9/24 dev eth1", "ip addr add 10.0.0.1/24 dev eth1", "ip link set eth2 master br0",
		"ip -4 route del 10.7.0.0/16 via 10.0.0.7", "ip -4 route add 10.8.0.0/16", "ip -4 route add 10.9.0.0/16 via 10.0.0.2",
	}
	if diff := cmp.Diff(want, strings.Split(strings.TrimSpace(host.Read("/run/reprise/told")), "\n")); diff != "" {
		t.Error(diff)
	}
	host.Write(t, "/run/reprise/deaf", "")
	network(t, host, "", changed, "")
	if err := n.RestoreNetwork(t.Context()); err == nil || !strings.Contains(err.Error(), `-link eth2 up=true mtu=1500 master="br0"`) {
		t.Errorf("it was not brought back: %v", err)
	}
	host.Write(t, "/run/reprise/addr.json", "no JSON")
	if err := n.RestoreNetwork(t.Context()); err == nil || !strings.Contains(err.Error(), "read interfaces") {
		t.Errorf("interfaces that cannot be read: %v", err)
	}
	host.Write(t, "/run/reprise/network.json", "{")
	if err := n.RestoreNetwork(t.Context()); err == nil || !strings.Contains(err.Error(), "restore network state") {
		t.Errorf("a state that cannot be read: %v", err)
	}
}

// To restart daemons is to end all, to forget, to bring the network back and to start; what fails
// first ends it.
func TestRestartDaemons(t *testing.T) {
	t.Parallel()
	host := drivertest.NewRooted(t, map[string]string{"ip": ipScript, "bridge": "", "tc": "", "nft": ""})
	n := running(t, host, nil, steady("one"))
	network(t, host, "", "[]", "")
	if err := n.SaveNetwork(t.Context()); err != nil {
		t.Fatal(err)
	}
	host.Write(t, "/var/lib/reprise/state", "old")
	before := pid(t, host, "one")
	n.StartBy(node.Start{Forget: "rm /var/lib/reprise/state", Daemons: n.StartAll})
	if err := n.RestartDaemons(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := pid(t, host, "one"); after == before || host.Read("/var/lib/reprise/state") != "" {
		t.Errorf("process %d, then %d; state %q", before, after, host.Read("/var/lib/reprise/state"))
	}
	booted := false
	boot := func(context.Context) error { booted = true; return nil }
	n.StartBy(node.Start{Forget: "echo it cannot; exit 4", Daemons: boot})
	if err := n.RestartDaemons(t.Context()); err == nil || !strings.Contains(err.Error(), "exit status 4: it cannot") {
		t.Errorf("%v", err)
	}
	host.Write(t, "/run/reprise/addr.json", "no JSON")
	n.StartBy(node.Start{Daemons: boot})
	if err := n.RestartDaemons(t.Context()); err == nil || booted {
		t.Errorf("booted %v, %v", booted, err)
	}
}

// What is installed is told with its version, what is not is left out; the system tells its
// kernel and its name.
func TestFacts(t *testing.T) {
	t.Parallel()
	host := drivertest.NewRooted(t, map[string]string{"dpkg-query": `echo "frr 8.4.4-1"; echo "gone "; exit 1`, "uname": "echo 6.1.0"})
	host.Write(t, "/etc/os-release", "PRETTY_NAME='Debian 12'\n")
	n := running(t, host, nil)
	versions, err := n.Packages(t.Context(), "frr", "gone")
	if diff := cmp.Diff(map[string]string{"frr": "8.4.4-1"}, versions); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
	details := map[string]string{}
	if err := n.System(t.Context(), details); err != nil || details["kernel"] != "6.1.0" || details["os"] != "Debian 12" {
		t.Errorf("%v, %v", details, err)
	}
}

// A configuration is checked by the platform's own program, which is given a file.
func TestCheck(t *testing.T) {
	t.Parallel()
	host := drivertest.NewRooted(t, map[string]string{"checker": `echo "$1: $(cat "$2")"; exit 3`})
	words, exit, err := node.Check(t.Context(), host, []byte("router x"), "checker", "-C")
	if err != nil || exit != 3 || words != "-C: router x\n" {
		t.Errorf("%q, %d, %v", words, exit, err)
	}
	broken := brokenHost{host, errors.New("no room")}
	if _, _, err := node.Check(t.Context(), broken, nil, "checker"); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("%v", err)
	}
}

// brokenHost cannot be written to.
type brokenHost struct {
	*drivertest.Rooted
	err error
}

func (b brokenHost) WriteFile(context.Context, string, []byte, os.FileMode) error { return b.err }

// What a node cannot do names the node and what was tried, once; and a user's command that
// hangs is in nobody's way.
func TestNodeFails(t *testing.T) {
	t.Parallel()
	host := drivertest.NewRooted(t, nil)
	n := running(t, host, nil, steady("one"))
	n.Target.Host = brokenHost{host, errors.New("no room")}
	for _, err := range []error{n.Put(t.Context(), "/var/lib/reprise/x", nil, 0o644), n.Prepare(t.Context())} {
		if op := (*drivers.OpError)(nil); !errors.As(err, &op) || op.Node != "r1" || !strings.Contains(err.Error(), "no room") {
			t.Errorf("%v", err)
		}
	}
	if err := n.Fail("x", n.Fail("x", errors.New("y"))); err.Error() != n.Fail("x", errors.New("y")).Error() {
		t.Errorf("told twice: %v", err)
	}
	if n.Fail("x", nil) != nil {
		t.Error("a success failed")
	}
	if _, err := node.Open(t.Context(), "linux", []byte("[]"), drivers.Target{Node: "r2", Host: drivertest.Host{Prefix: []string{"/nonexistent/prefix"}}}); !errors.Is(err, drivers.ErrUnreachable) {
		t.Errorf("nobody is there: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	hangs := make(chan error, 1)
	go func() {
		_, err := n.Shell(ctx, drivers.Command{Line: "echo begun >/var/lib/reprise/own; sleep 1000"})
		hangs <- err
	}()
	if names, err := n.Running(t.Context()); err != nil || len(names) != 0 {
		t.Errorf("running: %q, %v", names, err)
	}
	cancel()
	if err := <-hangs; !errors.Is(err, context.Canceled) {
		t.Errorf("the user's command: %v", err)
	}
	if got := n.Stops("pkill one", false, "one"); !slices.Equal(got, []string{"SIGTERM"}) || !n.Unread("/opt/x.sh") {
		t.Errorf("stops %q", got)
	}
}

// makesFolders is a node whose files are written from outside, with the folders that lead to them.
type makesFolders struct {
	*drivertest.Rooted
	t *testing.T
}

func (m makesFolders) WriteFile(_ context.Context, name string, data []byte, _ os.FileMode) error {
	m.Write(m.t, name, string(data))
	return nil
}

// A node that has no mkdir has the folder that a file leads to; one whose folders cannot be made says why.
func TestPrepareFolders(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ mkdir, want string }{
		"none":      {"exit 127", ""},
		"it cannot": {"echo 'mkdir: /var/log/reprise: read-only' >&2; exit 1", "exit status 1: mkdir: /var/log/reprise: read-only"},
	} {
		host := drivertest.NewRooted(t, map[string]string{"mkdir": tt.mkdir})
		n, err := node.Open(t.Context(), "linux", []byte("[]"), drivers.Target{Node: "r1", Host: makesFolders{host, t}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = n.Close(context.Background()) })
		for _, dir := range []string{"/run/reprise", "/var/log/reprise"} {
			if err := os.RemoveAll(filepath.Join(host.Dir, dir)); err != nil {
				t.Fatal(err)
			}
		}
		switch err := n.Prepare(t.Context()); {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}
