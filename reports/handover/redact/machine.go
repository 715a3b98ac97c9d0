package redact

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
)

// MachineWords are what tells of a machine.
type MachineWords struct {
	Names       []string // its own, its users', and folders
	Folders     []string
	Environment []string // values
}

// common are names of machines and users that name none.
func common() []string {
	return []string{
		"localhost", "localdomain", "local", "debian", "ubuntu", "linux", "host", "server", "container", "lab", "test", "node", "router",
		"switch", "docker", "reprise", "root", "admin", "user", "nobody", "daemon", "frr", "vagrant", "runner", "build", "home", "default",
	}
}

// Told reports whether a word is long enough to be found again, and says something.
func Told(word string) bool {
	const shortest = 4
	return len(word) >= shortest && !slices.Contains(common(), strings.ToLower(word))
}

// ThisMachine collects those of this machine. dir is the folder that what goes back is written
// into, environ the environment as [os.Environ] has it.
func ThisMachine(dir string, environ []string) (MachineWords, error) {
	var w MachineWords
	env := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		env[name] = value
	}
	add := func(list *[]string, words ...string) {
		for _, word := range words {
			if Told(word) && !slices.Contains(*list, word) {
				*list = append(*list, word)
			}
		}
	}
	host, err := os.Hostname()
	if err != nil {
		return w, fmt.Errorf("name this machine: %w", err)
	}
	label, _, _ := strings.Cut(host, ".")
	add(&w.Names, host, label)
	if u, err := user.Current(); err == nil {
		add(&w.Names, u.Username)
		if u.Uid != "0" { // whose full name is no person's
			add(&w.Names, Spellings(u.Name)...)
		}
	}
	for _, name := range []string{"USER", "LOGNAME", "SUDO_USER", "HOSTNAME"} {
		add(&w.Names, env[name])
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return w, fmt.Errorf("name the folder of the answer: %w", err)
	}
	wd, err := os.Getwd()
	if err != nil {
		return w, fmt.Errorf("name the folder of the answer: %w", err)
	}
	for _, path := range []string{abs, wd, env["HOME"], env["PWD"], env["TMPDIR"]} {
		if path = filepath.Clean(path); strings.Count(path, string(filepath.Separator)) > 1 { // /root and /tmp are everybody's
			add(&w.Names, path)
			add(&w.Folders, path)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if saysSomething(name, env[name]) {
			add(&w.Environment, env[name])
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

// WordsBelow collects the words of the inputs and the run files below a folder, in lower
// case: whole fields, and the words in them.
func WordsBelow(dir string) (map[string]bool, error) {
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
