package node_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers/node"
)

func TestParseExits(t *testing.T) {
	at := time.Unix(1795471400, 500000000).UTC()
	tests := []struct {
		name, data string
		want       node.Record
		fails      bool
	}{
		{name: "empty", want: node.Record{Started: map[string]int{}, Names: map[int]string{}, Logs: map[string]int64{}}},
		{
			name: "everything",
			data: "log /var/log/x 12\nstart bgpd 7\nend bgpd 7 139 - /var/lib/core.7 1795471400.5\nstart bgpd 9\nend bgpd 9 143 TERM - 1795471400.5\n",
			want: node.Record{
				Started: map[string]int{"bgpd": 2}, Names: map[int]string{7: "bgpd", 9: "bgpd"}, Logs: map[string]int64{"/var/log/x": 12},
				Exits: []node.Exit{{Name: "bgpd", PID: 7, Code: 139, Core: "/var/lib/core.7", At: at}, {Name: "bgpd", PID: 9, Code: 143, Ordered: "TERM", At: at}},
			},
		},
		{
			name: "a line being written", data: "start bgpd 7\nend bgpd 7 13",
			want: node.Record{Started: map[string]int{"bgpd": 1}, Names: map[int]string{7: "bgpd"}, Logs: map[string]int64{}},
		},
		{
			name: "a date without nanoseconds", data: "end x 1 0 - - 1795471400.%N\n",
			want: node.Record{Started: map[string]int{}, Names: map[int]string{}, Logs: map[string]int64{}, Exits: []node.Exit{{Name: "x", PID: 1, At: at.Truncate(time.Second)}}},
		},
		{name: "nonsense", data: "hello\n", fails: true},
		{name: "no number", data: "end x y 0 - - 1\n", fails: true},
		{name: "no time", data: "end x 1 0 - - NaN\n", fails: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := node.ParseExits(tt.data)
			if (err != nil) != tt.fails {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); !tt.fails && diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWasOrdered(t *testing.T) {
	tests := []struct {
		name    string
		ordered string
		code    int
		want    bool
	}{
		{"by itself", "", 139, false},
		{"as told", "TERM", 143, true},
		{"gracefully", "TERM", 0, true},
		{"with a status of its own", "INT", 1, true},
		{"killed", "KILL", 137, true},
		{"crash over being told", "TERM", 139, false},
		{"crash on order", "SEGV", 139, true},
		{"crash on order, handled", "SEGV", 134, true},
		{"another crash", "ABRT", 139, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := (node.Exit{Ordered: tt.ordered, Code: tt.code}).WasOrdered(); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func FuzzParseExits(f *testing.F) {
	f.Add("log /var/log/x 12\nstart bgpd 7\nend bgpd 7 139 - /c 1795471400.5\n")
	f.Add("end x 1 0 - - 1e400\n")
	f.Fuzz(func(t *testing.T, data string) {
		r, err := node.ParseExits(data)
		if err != nil && len(r.Exits) != 0 {
			t.Error("a half-read record beside an error")
		}
		for _, x := range r.Exits {
			x.WasOrdered()
		}
	})
}

func TestDiff(t *testing.T) {
	tests := []struct{ name, then, now, want string }{
		{"same", "a\nb\n", "a\nb\n", ""},
		{"order", "a\nb\n", "b\na\n", ""},
		{"more", "a\n", "a\na\nc\n", "+a\n+c\n"},
		{"less", "a\nb\n", "a\n", "-b\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, node.Diff(tt.then, tt.now)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
