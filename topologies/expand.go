package topologies

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/topologies/plain"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// variable matches $$, $NAME, ${NAME} and ${NAME op default}, the shell forms that
// containerlab expands (docs/manual/topo-def-file.md, "Environment variables"). A default may
// name variables itself. What is neither set nor has a default stays as it is written, and so
// does $_: the line of a shell in exec has variables of its own.
var variable = regexp.MustCompile(`\$\$|\$\{([A-Za-z_]\w*)(?:(:?[-=?+])((?:[^{}]|\$\{[^{}]*\})*))?\}|\$([A-Za-z_]\w*)`)

// Environ is what a topology file may learn of the machine that reads it.
type Environ struct {
	// Getenv looks up environment variables for ${VAR} expansion.
	Getenv func(name string) (string, bool)
	// Ask, where it is not nil, is told the name of each variable of the environment and of
	// each magic variable that tells of this machine, before it is looked up: it says whether
	// the file may have it. optional says that the file has a default. What it may not have
	// is not set, and no fault.
	Ask func(name string, optional bool) bool
	// WithoutExternal leaves out, with a warning each, what would leave the lab or come from
	// outside: links to the machine beneath and start-up configurations by URL.
	WithoutExternal bool
}

// Environment is the whole of this process's environment, for files of one's own.
func Environment() Environ { return Environ{Getenv: os.LookupEnv} }

// may reports whether the file may have a variable.
func (e Environ) may(name string, optional bool) bool { return e.Ask == nil || e.Ask(name, optional) }

// expandEnv expands variables in every scalar of the document, after parsing so that
// positions stay true.
func expandEnv(d *yamlpos.Doc, env Environ) {
	done := map[*yaml.Node]bool{}
	var visit func(n *yaml.Node)
	visit = func(n *yaml.Node) {
		if n == nil || done[n] {
			return
		}
		done[n] = true
		if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "$") {
			n.Value = expandText(d, n, n.Value, env)
			if n.Style == 0 {
				n.Tag = "" // resolved again from the new text
			}
		}
		for _, c := range n.Content {
			visit(c)
		}
	}
	visit(d.Root)
}

func expandText(d *yamlpos.Doc, n *yaml.Node, text string, env Environ) string {
	return variable.ReplaceAllStringFunc(text, func(m string) string {
		if m == "$$" {
			return "$"
		}
		sub := variable.FindStringSubmatch(m)
		name, op, word := firstOf(sub[1], sub[4]), sub[2], sub[3]
		if name == "_" && op == "" {
			return m
		}
		instead := strings.HasSuffix(op, "+")
		hasDefault := strings.HasSuffix(op, "-") || strings.HasSuffix(op, "=")
		value, missing := "", true
		if may := env.may(name, hasDefault || instead); may || !hasDefault && !instead {
			if !may {
				return m
			}
			set := false
			value, set = env.Getenv(name)
			missing = !set || (strings.HasPrefix(op, ":") && value == "")
		}
		switch {
		case instead && missing:
		case instead, hasDefault && missing:
			return expandText(d, n, word, env)
		case !missing:
			return value
		case strings.HasSuffix(op, "?"):
			d.NodeFaultf(n, firstOf(word, "set it in the environment"), "the environment variable %s is not set", name)
		default:
			d.NodeFaultf(n, fmt.Sprintf("give a default: ${%s:=…}, or write $$ for a dollar sign", name), "the environment variable %s is not set: %s stays as it is written", name, m)
			d.Problems[len(d.Problems)-1].Warning = true
			return m
		}
		return ""
	})
}

// expandMagic replaces containerlab's magic variables in everything a node says.
func (n *Node) expandMagic(t Topology, env Environ) {
	dir := absolute(t.Dir)
	labName := "clab-" + t.Name // containerlab's long name of the lab, and of its folder
	replacer := func(s string) string {
		if !strings.Contains(s, "__") {
			return s
		}
		s = strings.NewReplacer("__clabNodeName__", n.Name, "__clabLabName__", labName).Replace(s)
		return expandGit(ofMachine(s, map[string]string{"__clabDir__": dir, "__clabNodeDir__": filepath.Join(dir, labName, n.Name)}, env), dir, env)
	}
	for _, s := range []*string{&n.Image, &n.StartupConfig, &n.Cmd, &n.Entrypoint, &n.User, &n.Type} {
		*s = replacer(*s)
	}
	for _, list := range [][]string{n.Exec, n.Binds, n.Ports} {
		for i := range list {
			list[i] = replacer(list[i])
		}
	}
	for _, m := range []map[string]string{n.Env, n.Labels, n.Sysctls} {
		for k, v := range m {
			m[k] = replacer(v)
		}
	}
}

// absolute is a folder's path from the root; as it is where this process's own folder cannot be told.
func absolute(dir string) string {
	full, err := filepath.Abs(dir)
	if err != nil {
		return dir
	}
	return full
}

// ofMachine puts in magic variables whose values are this machine's, and not the file's.
func ofMachine(s string, values map[string]string, env Environ) string {
	for name, value := range values {
		if !strings.Contains(s, name) {
			continue
		}
		if !env.may(name, false) {
			value = ""
		}
		s = strings.ReplaceAll(s, name, value)
	}
	return s
}

// expandGit puts in what is checked out in the repository around dir, as containerlab writes it
// into the name of a lab: / in a branch is -, a commit has seven digits, and where there is none
// both are "none".
func expandGit(s, dir string, env Environ) string {
	if !strings.Contains(s, "__git") {
		return s
	}
	branch, hash := gitHead(dir)
	return ofMachine(s, map[string]string{
		"__gitBranch__": firstOf(strings.ReplaceAll(branch, "/", "-"), "none"), "__gitHash__": firstOf(hash[:min(7, len(hash))], "none"),
	}, env)
}

// expandHome puts in the folder of this machine's user for the sign ~ in front of a path.
func (n *Node) expandHome(env Environ) {
	expand := func(path string) string {
		rest, ok := strings.CutPrefix(path, "~/")
		if !ok || strings.Contains(path, "\n") || !env.may("HOME", false) {
			return path
		}
		home, ok := env.Getenv("HOME")
		if !ok {
			return path
		}
		return filepath.Join(home, rest)
	}
	n.StartupConfig = expand(n.StartupConfig)
	for i, bind := range n.Binds {
		host, rest, _ := strings.Cut(bind, ":")
		n.Binds[i] = strings.TrimSuffix(expand(host)+":"+rest, ":")
	}
}

// gitFile bounds a file that says what is checked out, in bytes.
const gitFile = 4 << 10

// gitHead reads the branch and commit of the repository around dir, "" where there is none.
func gitHead(dir string) (branch, hash string) {
	for ; ; dir = filepath.Dir(dir) {
		head, err := plain.Read(filepath.Join(dir, ".git", "HEAD"), gitFile)
		if err == nil {
			ref, isRef := strings.CutPrefix(strings.TrimSpace(string(head)), "ref: ")
			if !isRef {
				return "", ref
			}
			if !filepath.IsLocal(filepath.FromSlash(ref)) {
				return "", "" // it leads out of the repository
			}
			commit, err := plain.Read(filepath.Join(dir, ".git", filepath.FromSlash(ref)), gitFile)
			if err != nil {
				return strings.TrimPrefix(ref, "refs/heads/"), ""
			}
			return strings.TrimPrefix(ref, "refs/heads/"), strings.TrimSpace(string(commit))
		}
		if dir == filepath.Dir(dir) {
			return "", ""
		}
	}
}
