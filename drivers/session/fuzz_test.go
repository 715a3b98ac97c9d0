package session_test

import (
	"context"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/session"
)

// Whatever a dialect says, reading it is an error or gives one that scrapligo takes; it
// never panics.
func FuzzParseDialect(f *testing.F) {
	f.Add(toyCLI)
	f.Add("name: x\nargv: [x]\nprompt: '('\nmarker: 'a-%s'\nmarker-answer: 'b'\n")
	f.Add("name: x\nlogin: [{see: 'l', do: user}]\nprompt: 'p'\nmarker: 'a-%s'\nmarker-answer: '.'\nquestions: [{see: '\\['}]\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := session.ParseDialect([]byte(text))
		if err == nil && d == nil {
			t.Error("no dialect and no error")
		}
	})
}

// A secret that a recorder is given, in whatever pieces, is in nothing that it hands on.
func FuzzCutRecorder(f *testing.F) {
	f.Add("login: admin\r\npassword: S3cret-value\r\nx # ", uint8(3))
	f.Add("S3cret-valueS3cret-value", uint8(1))
	f.Add("S3cret-S3cret-value", uint8(7))
	f.Fuzz(func(t *testing.T, text string, piece uint8) {
		rec := &drivertest.Transcript{}
		session.RecordCut(rec, []drivers.Secret{drivers.NewSecret("S3cret-value")}, text, int(piece)+1)
		got := string(rec.Bytes("", drivers.In))
		if strings.Contains(got, "S3cret-value") {
			t.Errorf("%q", got)
		}
		if want := strings.ReplaceAll(text, "S3cret-value", drivers.Cut); got != want && !strings.Contains(text, drivers.Cut[:2]) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// Whatever a device says in answer to a command, the session ends in time with an answer
// or an error.
func FuzzTranscript(f *testing.F) {
	f.Add("toy# \r\n")
	f.Add("a\r\ntoy# b\r\n% Unknown command: reprise-\r\n")
	f.Add("Warning: connecting to x\r\n\x1b[K\x08\x00\xff")
	f.Fuzz(func(t *testing.T, said string) {
		if len(said) > 4096 || strings.Contains(said, "reprise-") {
			t.Skip() //nolint:forbidigo // no input of interest
		}
		ctx, cancel := context.WithTimeout(t.Context(), 150*1e6)
		defer cancel()
		c, err := session.OpenCLI(ctx, session.Config{Node: "n1", Channel: "cli", Dial: session.Parrot(said)}, toy(t))
		if err != nil {
			return // an honest end
		}
		defer func() { _ = c.Close(context.Background()) }()
		x, err := c.Run(ctx, drivers.Command{Line: "show x"})
		if err == nil && x.Command != "show x" {
			t.Errorf("%+v", x)
		}
	})
}
