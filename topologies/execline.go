package topologies

import (
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// ShellLine is a line of [Node.Exec] as a shell of the node is given it.
//
// containerlab splits such a line into words and runs them without a shell: what stands between
// double quotes reaches the program as it is written, and in sh -c "for i in 1 2; do echo $i; done"
// it is the shell of that line that knows i. Given to a shell as it is, the line would lose $i
// before. So the script of a line that calls a shell, also through another program (timeout 5 sh -c
// "…"), is handed on as it is written; every other line is the node's shell's own, with all that a
// shell has, and so is one of more than 16 kB: what reads it takes up to 7 kB of stack for a bracket.
func ShellLine(line string) string {
	if len(line) > longestLine {
		return line
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(line), "")
	if err != nil || len(file.Stmts) != 1 {
		return line
	}
	s := file.Stmts[0]
	call, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || len(call.Assigns) > 0 || len(s.Redirs) > 0 || s.Background || s.Negated || s.Coprocess {
		return line
	}
	script := scriptOf(call.Args)
	if script == nil {
		return line
	}
	from, to := script.Pos().Offset(), script.End().Offset()
	text := strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\$`, `$`, "\\`", "`").Replace(line[from+1 : to-1])
	return line[:from] + "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" + line[to:]
}

const longestLine = 16 << 10

// scriptOf is what a call of a shell has behind -c, where that is one word between double quotes in
// which a shell would put something in; nil of all other calls.
func scriptOf(args []*syntax.Word) *syntax.DblQuoted {
	shell := slices.IndexFunc(args, func(w *syntax.Word) bool {
		return slices.Contains([]string{"sh", "ash", "bash", "dash"}, path.Base(w.Lit()))
	})
	if shell < 0 {
		return nil
	}
	args = args[shell+1:]
	at := slices.IndexFunc(args, func(w *syntax.Word) bool {
		return strings.HasPrefix(w.Lit(), "-") && !strings.HasPrefix(w.Lit(), "--") && strings.Contains(w.Lit(), "c")
	})
	if at < 0 || at+1 == len(args) || len(args[at+1].Parts) != 1 {
		return nil
	}
	script, ok := args[at+1].Parts[0].(*syntax.DblQuoted)
	if !ok || script.Dollar || !slices.ContainsFunc(script.Parts, func(p syntax.WordPart) bool { _, plain := p.(*syntax.Lit); return !plain }) {
		return nil
	}
	return script
}
