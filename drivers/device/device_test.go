package device_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers/device"
)

func TestCompare(t *testing.T) {
	tests := []struct{ name, a, b, want string }{
		{"same", "a\nb\n", "a \n\nb", ""},
		{"less", "a\nb\n", "a\n", "-b\n"},
		{"more", "a\n", "a\nb\n", "+b\n"},
		{"twice", "a\na\n", "a\n", "-a\n"},
		{"changed", "a\nb\nc\n", "a\nx\nc\n", "-b\n+x\n"},
		{"order", "a\nb\n", "b\na\n", "the same lines in another order\n"},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, device.Compare(tt.a, tt.b)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestLogTails(t *testing.T) {
	tails := device.NewLogTails()
	mark := tails.Mark([]string{"1", "2", "2", "2"})
	tests := []struct {
		name  string
		lines []string
		want  []string
		found bool
	}{
		{"nothing new", []string{"1", "2", "2", "2"}, []string{}, true},
		{"new lines", []string{"1", "2", "2", "2", "3"}, []string{"3"}, true},
		{"the same again", []string{"2", "2", "2", "2"}, []string{}, true},
		{"ran over", []string{"7", "8"}, []string{"7", "8"}, false},
		{"cleared", nil, nil, false},
	}
	for _, tt := range tests {
		got, found := tails.Since(mark, tt.lines)
		if found != tt.found || len(got) != len(tt.want) || len(got) > 0 && cmp.Diff(tt.want, got) != "" {
			t.Errorf("%s: %v, %v", tt.name, got, found)
		}
	}
	if got, found := tails.Since(0, []string{"1"}); !found || len(got) != 1 {
		t.Errorf("from the beginning: %v, %v", got, found)
	}
}

func TestCheckPort(t *testing.T) {
	for port, good := range map[string]bool{"1": true, "1:24": true, "1/1/2": true, "1-4": false, "all": false, "1,2": false, "": false, "1; reboot": false} {
		if err := device.CheckPort(port); (err == nil) != good {
			t.Errorf("%q: %v", port, err)
		}
	}
}
