package escalate

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"os/user"
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
	own, err := thisMachine(dir)
	if err != nil {
		return nil, err
	}
	brought, err := wordsBelow(theirs)
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
		Names: slices.DeleteFunc(own.names, theirsToo), Secrets: slices.DeleteFunc(own.environment, theirsToo),
		KeepPrefixes: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}, KeepMACs: true,
	}
	for w := range brought {
		r.options.Keep = append(r.options.Keep, w)
	}
	r.markers = own.folders
	return r, nil
}

// machineWords are what tells of this machine.
type machineWords struct {
	names       []string // its own, its users', and folders
	folders     []string
	environment []string // values
}

// common are names of machines and users that name none.
func common() []string {
	return []string{
		"localhost", "localdomain", "local", "debian", "ubuntu", "linux", "host", "server", "container", "lab", "test", "node", "router",
		"switch", "docker", "reprise", "root", "admin", "user", "nobody", "daemon", "frr", "vagrant", "runner", "build", "home", "default",
	}
}

// told reports whether a word is long enough to be found again, and says something.
func told(word string) bool {
	const shortest = 4
	return len(word) >= shortest && !slices.Contains(common(), strings.ToLower(word))
}

// thisMachine collects them. dir is the folder that the answer is written into.
func thisMachine(dir string) (machineWords, error) {
	var w machineWords
	add := func(list *[]string, words ...string) {
		for _, word := range words {
			if told(word) && !slices.Contains(*list, word) {
				*list = append(*list, word)
			}
		}
	}
	host, err := os.Hostname()
	if err != nil {
		return w, fmt.Errorf("name this machine: %w", err)
	}
	label, _, _ := strings.Cut(host, ".")
	add(&w.names, host, label)
	if u, err := user.Current(); err == nil {
		add(&w.names, u.Username)
		if u.Uid != "0" { // whose full name is no person's
			add(&w.names, redact.Spellings(u.Name)...)
		}
	}
	for _, name := range []string{"USER", "LOGNAME", "SUDO_USER", "HOSTNAME"} {
		add(&w.names, os.Getenv(name))
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return w, fmt.Errorf("name the folder of the answer: %w", err)
	}
	wd, err := os.Getwd()
	if err != nil {
		return w, fmt.Errorf("name the folder of the answer: %w", err)
	}
	for _, path := range []string{abs, wd, os.Getenv("HOME"), os.Getenv("PWD"), os.Getenv("TMPDIR")} {
		if path = filepath.Clean(path); strings.Count(path, string(filepath.Separator)) > 1 { // /root and /tmp are everybody's
			add(&w.names, path)
			add(&w.folders, path)
		}
	}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		if saysSomething(name, value) {
			add(&w.environment, value)
		}
	}
	return w, nil
}

// saysSomething reports whether a variable's value is this machine's own: not what every
// machine has under that name, and long enough not to be a word of any text.
func saysSomething(name, value string) bool {
	const shortest = 8
	if len(value) < shortest || slices.Contains([]string{
		"PATH", "SHELL", "TERM", "COLORTERM", "TERM_PROGRAM", "LANG", "LANGUAGE", "EDITOR", "VISUAL", "PAGER", "LESS", "LS_COLORS", "TZ",
		"DEBIAN_FRONTEND", "SHLVL", "_", "MAIL", "DOCKER_HOST", "XDG_DATA_DIRS", "XDG_CONFIG_DIRS", "XDG_SESSION_TYPE",
	}, name) || strings.HasPrefix(name, "LC_") {
		return false
	}
	return strings.Trim(value, "0123456789.:,-/ ") != ""
}

// wordsBelow collects the words of the inputs and the run files below a folder, in lower
// case: whole fields, and the words in them.
func wordsBelow(dir string) (map[string]bool, error) {
	const most = 32 << 20 // bytes of all files together; what is beyond is redacted once more
	words := map[string]bool{}
	left := int64(most)
	tree := os.DirFS(dir)
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		if !strings.Contains("/"+name, "/input/") && d.Name() != "run.json" {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if left -= info.Size(); left < 0 {
			return fs.SkipAll
		}
		data, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		for _, field := range strings.FieldsFunc(strings.ToLower(string(data)), func(r rune) bool { return r <= ' ' || strings.ContainsRune(`"'`+"`,;(){}[]<>", r) }) {
			words[field] = true
			for _, word := range strings.FieldsFunc(field, func(r rune) bool { return strings.ContainsRune(`./:@=|\`, r) }) {
				words[word] = true
			}
		}
		return nil
	})
	return words, err
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
