package clitest

import (
	"bytes"
	"context"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
)

// Asked is a command line of a verb and what it has to come to: options, or an error whose
// text is Err.
type Asked[O any] struct {
	Args []string
	Want O
	Err  string
}

// Options reads each command line by the verb that newVerb makes, which does not run, and
// holds the options against what is wanted. The options' [cli.App] is compared by what its
// flags set.
func Options[O any](t *testing.T, newVerb func(*cli.App, func(context.Context, *O) error) *cobra.Command, table []Asked[O]) {
	t.Helper()
	for _, tt := range table {
		got, err := ask(newVerb, tt.Args)
		switch {
		case err != nil || tt.Err != "":
			if text := errorText(err); text != tt.Err {
				t.Errorf("%q: error\n%s\nwant\n%s", tt.Args, text, tt.Err)
			}
			if err != nil && got != nil {
				t.Errorf("%q: it runs, in spite of the error", tt.Args)
			}
		case got == nil:
			t.Errorf("%q: it does not run", tt.Args)
		default:
			if d := cmp.Diff(tt.Want, *got, everyField(), cmp.Comparer(sameApp), cmpopts.EquateEmpty()); d != "" {
				t.Errorf("%q: the options are (-want +got)\n%s", tt.Args, d)
			}
		}
	}
}

// ask runs a verb on a command line and returns its options; nil where it was not to run.
func ask[O any](newVerb func(*cli.App, func(context.Context, *O) error) *cobra.Command, args []string) (got *O, err error) {
	app := &cli.App{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}
	c := newVerb(app, func(_ context.Context, o *O) error {
		got = o
		return nil
	})
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs(append([]string{}, args...))
	return got, c.Execute()
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// everyField compares fields that are not exported, too.
func everyField() cmp.Option { return cmp.Exporter(func(reflect.Type) bool { return true }) }

// sameApp compares what flags set; none is one without.
func sameApp(a, b *cli.App) bool {
	if a == nil {
		a = &cli.App{}
	}
	if b == nil {
		b = &cli.App{}
	}
	return slices.Equal(a.Trust, b.Trust)
}

// View returns what a verb prints for people.
func View(people func(io.Writer)) string {
	var b bytes.Buffer
	people(&b)
	return b.String()
}
