package bird_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/drivertest"
)

// TestLiveLogs: whatever a configuration says of logs, or does not, everything is logged at
// a place of ours, each line once; what takes that away is said; and neither the user's file
// nor the words about it change.
func TestLiveLogs(t *testing.T) {
	const rest = "router id 192.0.2.1;\nprotocol device {}\nprotocol static st { ipv4; }"
	for _, image := range drivertest.Images() {
		t.Run(image, func(t *testing.T) {
			host := drivertest.StartContainer(t, image)
			for _, tt := range []struct{ name, config string }{
				{"none", rest},
				{"syslog", "log syslog all;\n" + rest},
				{"errors alone", "log \"/var/log/bird.log\" { error };\n" + rest},
				{"everything elsewhere too", "log \"/var/log/bird.log\" all;\nlog stderr all;\n" + rest},
			} {
				t.Run(tt.name, func(t *testing.T) {
					d := open(t, host, tt.config)
					if err := d.Boot(t.Context()); err != nil {
						t.Fatal(err)
					}
					mark, err := d.MarkLogs(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					if x, err := d.Run(t.Context(), drivers.Command{Line: "configure"}); err != nil || !strings.Contains(x.Output, "Reconfigured") {
						t.Fatalf("%+v, %v", x, err)
					}
					if x, err := d.Shell(t.Context(), drivers.Command{Line: "cat /etc/bird/bird.conf"}); err != nil || x.Output != tt.config {
						t.Errorf("the configuration is now %q, %v", x.Output, err)
					}
					files, err := d.LogsSince(t.Context(), mark)
					if err != nil {
						t.Fatal(err)
					}
					lines := 0
					for _, f := range files {
						if !f.Copy {
							lines += strings.Count(f.Text, "> Reconfiguring\n")
						}
					}
					if lines != 1 {
						t.Errorf("logged %d times: %+v", lines, files)
					}
					if why, err := d.Unlogged(t.Context()); err != nil || why != "" {
						t.Errorf("unlogged: %q, %v", why, err)
					}
					if _, err := d.Shell(t.Context(), drivers.Command{Line: `printf 'log "/tmp/x" { error };\nprotocol device {}\n' > /etc/bird/other.conf; birdc 'configure "/etc/bird/other.conf"'`}); err != nil {
						t.Fatal(err)
					}
					if why, err := d.Unlogged(t.Context()); err != nil || !strings.Contains(why, "bird does not log to") {
						t.Errorf("after another configuration: unlogged %q, %v", why, err)
					}
				})
			}
			t.Run("an error keeps its place", func(t *testing.T) {
				err := open(t, host, rest+"\nprotocol nonsense {}\n").Boot(t.Context())
				if err == nil || !strings.Contains(err.Error(), "/etc/bird/bird.conf:4:") {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}
