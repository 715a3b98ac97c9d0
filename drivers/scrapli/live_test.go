package scrapli_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/scrapli"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// startVTY starts FRR's zebra with its own vty over telnet, whose command line is in the
// manner of IOS, and gives its address.
const startVTY = `printf 'hostname peer\npassword login-word\nenable password enable-word\n' > /tmp/z.conf
chown frr /tmp/z.conf
mkdir -p /run/frr && chown frr /run/frr
exec /usr/lib/frr/zebra -A 0.0.0.0 -P 2601 -f /tmp/z.conf -i /run/frr/z.pid -z /run/frr/z.sock`

// A peer that no driver of ours was written for is led by what scrapligo knows of IOS:
// logged in, raised, asked, configured, refused.
func TestPeer(t *testing.T) {
	const image = "reprise/debian:bookworm"
	if err := exec.CommandContext(t.Context(), "docker", "image", "inspect", image).Run(); err != nil {
		livetest.Missing(t, "the image of bookworm", err)
	}
	run := exec.CommandContext(t.Context(), "docker", "run", "--detach", "--rm", "--network", "bridge", "--cap-add", "NET_ADMIN", "--cap-add", "SYS_ADMIN",
		"--entrypoint", "sh", image, "-c", startVTY)
	id, err := run.Output()
	if err != nil {
		t.Skip("needs an engine with a bridge: ", err) //nolint:forbidigo // a kernel without bridges or address translation has none
	}
	name := strings.TrimSpace(string(id))
	t.Cleanup(func() { _ = exec.Command("docker", "rm", "--force", name).Run() })
	at, err := exec.CommandContext(t.Context(), "docker", "inspect", "--format", "{{.NetworkSettings.IPAddress}}", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for file, word := range map[string]string{"login": "login-word", "enable": "enable-word"} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(word), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	said := &transcript{}
	target := drivers.Target{Node: "peer", Recorder: said, Config: []byte("interface lo\n description from the start\nexit\n"), Access: &drivers.Access{
		Transport: drivers.TransportTelnet, Address: strings.TrimSpace(string(at)) + ":2601",
		Password: "file:" + filepath.Join(dir, "login"), Enable: "file:" + filepath.Join(dir, "enable"),
	}}
	var d drivers.Driver
	factory := scrapli.Factory{Name: "cisco_iosxe"}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); d == nil; <-tick.C { // zebra is starting
		if d, err = factory.Open(t.Context(), target); err != nil && time.Now().After(deadline) {
			t.Fatal(err, said.String())
		}
	}
	t.Cleanup(func() { _ = d.Close(t.Context()) })
	if err := d.(drivers.Booter).Boot(t.Context()); err != nil {
		t.Fatal(err)
	}
	x, err := d.Run(t.Context(), drivers.Command{Line: "show running-config"})
	if err != nil || !strings.Contains(x.Output, "description from the start") || strings.Contains(x.Output, "show running-config") {
		t.Errorf("show running-config: %+v, %v", x, err)
	}
	done, err := d.(drivers.Configurer).Configure(t.Context(), []string{"interface lo", "no such line", "exit"})
	if err != nil {
		t.Fatal(err)
	}
	var refused []string
	for _, x := range done {
		if x.Rejected != "" {
			refused = append(refused, x.Command)
		}
	}
	if len(refused) != 1 || refused[0] != "no such line" {
		t.Errorf("refused %v of %+v", refused, done)
	}
	if strings.Contains(said.String(), "login-word") || strings.Contains(said.String(), "enable-word") {
		t.Errorf("a password is in the transcript:\n%s", said)
	}
}

// transcript keeps what was said on any channel.
type transcript struct {
	mu sync.Mutex
	bytes.Buffer
}

func (t *transcript) Record(_ time.Time, _ string, _ drivers.Direction, p []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Write(p)
}
