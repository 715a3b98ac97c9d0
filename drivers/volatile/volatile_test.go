package volatile_test

import (
	"testing"

	"github.com/reprise-lab/reprise/drivers/volatile"
)

// Rules are applied in their order, and blanks at line ends go.
func TestApply(t *testing.T) {
	t.Parallel()
	rules := volatile.Rules(`\d+s`, "TIME", `up TIME`, "up")
	if got := volatile.Apply("up 12s \nage 3s\t\nx\r", rules); got != "up\nage TIME\nx" {
		t.Errorf("%q", got)
	}
	rules[0] = volatile.Except("^keep", `\d+s`, "TIME")
	if got := volatile.Apply("keep 12s\nup 12s", rules); got != "keep 12s\nup" {
		t.Errorf("%q", got)
	}
}
