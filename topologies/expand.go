package topologies

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// variable matches $$, $NAME, ${NAME} and ${NAME op default}, the shell forms that
// containerlab expands (docs/manual/topo-def-file.md, "Environment variables").
var variable = regexp.MustCompile(`\$\$|\$\{([A-Za-z_]\w*)(?:(:?[-=?])([^}]*))?\}|\$([A-Za-z_]\w*)`)

// expandEnv expands variables in every scalar of the document, after parsing so that
// positions stay true.
func expandEnv(d *yamlpos.Doc, getenv func(string) (string, bool)) {
	done := map[*yaml.Node]bool{}
	var visit func(n *yaml.Node)
	visit = func(n *yaml.Node) {
		if n == nil || done[n] {
			return
		}
		done[n] = true
		if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "$") {
			n.Value = expandText(d, n, getenv)
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

func expandText(d *yamlpos.Doc, n *yaml.Node, getenv func(string) (string, bool)) string {
	return variable.ReplaceAllStringFunc(n.Value, func(m string) string {
		if m == "$$" {
			return "$"
		}
		sub := variable.FindStringSubmatch(m)
		name, op, word := firstOf(sub[1], sub[4]), sub[2], sub[3]
		value, set := getenv(name)
		missing := !set || (strings.HasPrefix(op, ":") && value == "")
		switch {
		case !missing:
			return value
		case strings.HasSuffix(op, "-"), strings.HasSuffix(op, "="):
			return word
		case strings.HasSuffix(op, "?"):
			d.NodeFaultf(n, firstOf(word, "set it in the environment"), "the environment variable %s is not set", name)
		default:
			d.NodeFaultf(n, fmt.Sprintf("give a default: ${%s:=…}, or write $$ for a dollar sign", name), "the environment variable %s is not set and stands for nothing", name)
			d.Problems[len(d.Problems)-1].Warning = true
		}
		return ""
	})
}

// expandMagic replaces containerlab's magic variables in everything a node says.
func (n *Node) expandMagic(t Topology) {
	dir, err := filepath.Abs(t.Dir)
	if err != nil {
		dir = t.Dir
	}
	branch, hash := "", ""
	replacer := func(s string) string {
		if !strings.Contains(s, "__") {
			return s
		}
		if strings.Contains(s, "__git") && hash == "" {
			branch, hash = gitHead(dir)
		}
		return strings.NewReplacer(
			"__clabNodeName__", n.Name, "__clabLabName__", t.Name, "__clabDir__", dir,
			"__clabNodeDir__", filepath.Join(dir, "clab-"+t.Name, n.Name), "__gitBranch__", branch, "__gitHash__", hash,
		).Replace(s)
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

// gitHead reads the branch and commit of the repository around dir, "" where there is none.
func gitHead(dir string) (branch, hash string) {
	for ; ; dir = filepath.Dir(dir) {
		head, err := os.ReadFile(filepath.Join(dir, ".git", "HEAD"))
		if err == nil {
			ref, isRef := strings.CutPrefix(strings.TrimSpace(string(head)), "ref: ")
			if !isRef {
				return "", ref
			}
			commit, err := os.ReadFile(filepath.Join(dir, ".git", filepath.FromSlash(ref)))
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
