package bird

import "testing"

// TestRejected: what BIRD did not carry out is told by its words, and by birdc's status; what is not in a table is an answer.
func TestRejected(t *testing.T) {
	const none = "/nosuch: No such file or directory"
	for _, tt := range []struct {
		line   string
		exit   int
		output string
		want   string
	}{
		{`configure check "/nosuch"`, 1, "Reading configuration from /nosuch\n" + none + "\n", none},
		{`configure "/nosuch"`, 0, "Reading configuration from /nosuch\n" + none + "\n", none},
		{`configure "/tmp/b"`, 0, "Reading configuration from /tmp/b\n/tmp/b:3:29 syntax error, unexpected CF_SYM_UNDEFINED\n", "/tmp/b:3:29 syntax error, unexpected CF_SYM_UNDEFINED"},
		{"configure", 0, "Reading configuration from /tmp/b\nReconfigured\n", ""},
		{"configure undo", 1, "Nothing to do\n", "Nothing to do"},
		{"eval 1/0", 1, "(runtime error)\n", "(runtime error)"},
		{"reload in x", 1, "", "exit status 1"},
		{"show route for 192.0.2.1", 1, "Network not found\n", ""},
		{"sh route for 192.0.2.1", 1, "Network not found\n", ""},
		{"disable x", 0, "x: disabled\n", ""},
		{"disable nosuch", 1, "syntax error, unexpected CF_SYM_UNDEFINED\n", "syntax error, unexpected CF_SYM_UNDEFINED"},
	} {
		if got := rejected(tt.line, tt.exit, tt.output); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.line, got, tt.want)
		}
	}
}
