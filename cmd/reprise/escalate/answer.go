package escalate

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/reports/handover/redact"
)

// An answer to somebody else's bundle speaks of their case, and of nothing of the machine
// that ran it: its name, its users, its folders and its environment are replaced in all
// that goes back. What the bundle brought stays as it came: it is its owner's, who has the
// way back to the real names.

// answerRedaction makes the redaction of an answer that is written into dir, for the case
// whose files lie below theirs. Its key stays in dir.
func answerRedaction(a *cli.App, dir, theirs string) (*redaction, error) {
	own, err := redact.ThisMachine(dir, os.Environ())
	if err != nil {
		return nil, err
	}
	brought, err := redact.WordsBelow(theirs)
	if err != nil {
		return nil, fmt.Errorf("read what the bundle brought: %w", err)
	}
	file := filepath.Join(dir, ".owner", "answer")
	r := &redaction{app: a, keyFile: file, mapFile: file + "-" + time.Now().UTC().Format("20060102T150405Z") + ".map"}
	if r.key, err = ownerKey(file); err != nil {
		return nil, err
	}
	theirsToo := func(s string) bool { return brought[strings.ToLower(s)] }
	r.options = redact.Options{
		Names: slices.DeleteFunc(own.Names, theirsToo), Secrets: slices.DeleteFunc(own.Environment, theirsToo),
		KeepPrefixes: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}, KeepMACs: true,
	}
	for w := range brought {
		r.options.Keep = append(r.options.Keep, w)
	}
	r.markers = own.Folders
	return r, nil
}

// reworded is a text of the answer with this machine's words replaced. One in which a word
// is left is refused.
func (r *redaction) reworded(name string, data []byte) ([]byte, error) {
	red, err := redact.New(r.key, r.options)
	if err != nil {
		return nil, err
	}
	out := red.Text(name, data)
	if hits := red.Gate(slices.Concat(r.options.Secrets, r.markers)...).Data(name, out); len(hits) > 0 {
		return nil, cli.WithCode(cli.ExitRefused, errors.New("a word of this machine is left in "+name))
	}
	return out, nil
}

// pseudonym is what stands for a name of this machine, whatever it is.
func (r *redaction) pseudonym(name string) (string, error) {
	red, err := redact.New(r.key, r.options)
	if err != nil {
		return "", err
	}
	return red.Name(name), nil
}
