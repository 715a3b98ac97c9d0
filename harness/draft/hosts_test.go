package draft_test

import (
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestLogOfSeveral: of a log that a server of syslog kept, each line is of the host that it names, with its own number.
func TestLogOfSeveral(t *testing.T) {
	files := pair("", "Active", "")
	files = append(files, txtar.File{Name: "syslog.txt", Data: []byte("Nov 29 10:47:50 sw9 kernel: eth4: link is up\r\n" +
		"Nov 29 10:47:54 r1.example.net bgpd[71]: [XDY58-Y3CWV] Enabled administrative shutdown on BGP instance AS 65001\r\n" +
		"Nov 29 10:47:54 r2 kernel: eth1: link is down\r\n" +
		"Nov 29 10:47:55 r1.example.net bgpd[71]: [G32H5-NVJ9H] Disabled administrative shutdown on BGP instance AS 65001\r\n")})
	d, n := drafted(t, "", files...)
	var got []string
	for _, c := range d.Changes {
		got = append(got, c.Node+" "+c.From)
	}
	if want := []string{"r1 syslog.txt:2", "r1 syslog.txt:4", "r2 syslog.txt:3"}; !slices.Equal(slices.Sorted(slices.Values(got)), want) {
		t.Errorf("changes %q, want %q", got, want)
	}
	valid(t, d, n)
}
