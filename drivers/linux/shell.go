package linux

import (
	"errors"
	"math"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/reprise-lab/reprise/drivers/programs"
)

// statement is what begins on one line of a script, with everything that belongs to it.
type statement struct {
	first, last int        // lines, counted from 0
	compound    bool       // more than simple commands
	docs        []document // here-documents
}

// document is the body of a here-document: lines from and up to but without to.
type document struct {
	quoted   bool // nothing in it is expanded
	from, to int
}

// statements cuts a script by where its commands end. What is never closed reaches to the
// script's end; a line that the shell would refuse is a statement by itself. A script that is not
// [programs.Readable] is one.
func statements(lines []string) []statement {
	var out []statement
	script := strings.Join(lines, "\n") + "\n"
	if !programs.Readable(script) {
		return []statement{{first: 0, last: len(lines) - 1, compound: true}}
	}
	starts := make([]int, len(lines))
	for i := 1; i < len(lines); i++ {
		starts[i] = starts[i-1] + len(lines[i-1]) + 1
	}
	for next := 0; next < len(lines); {
		if t := strings.TrimSpace(lines[next]); t == "" || strings.HasPrefix(t, "#") {
			next++
			continue
		}
		found, err := parse(script[starts[next]:], next, len(lines)-1)
		out = append(out, found...)
		if len(found) > 0 {
			next = found[len(found)-1].last + 1
		}
		for err != nil && next < len(lines) && strings.TrimSpace(uncommented(lines[next])) == "" {
			next++
		}
		switch {
		case err == nil:
			return out
		case next == len(lines):
		case syntax.IsIncomplete(err):
			return append(out, statement{first: next, last: len(lines) - 1, compound: true})
		default:
			out = append(out, statement{first: next, last: next, compound: true})
			next++
		}
	}
	return out
}

// parse reads statements until an error; base is the number of the first line, and last that
// of the last.
func parse(script string, base, last int) ([]statement, error) {
	var found []*syntax.Stmt // here-documents are filled in after their statement was told
	p := syntax.NewParser(syntax.Variant(syntax.LangBash))
	err := p.Stmts(strings.NewReader(script), func(s *syntax.Stmt) bool {
		found = append(found, s)
		return true
	})
	refused := math.MaxInt // line of the error: what else is on it has not been read whole
	if at := (syntax.ParseError{}); errors.As(err, &at) {
		refused = base + int(at.Pos.Line()) - 1
	}
	var out []statement
	for _, s := range found {
		add := statementOf(s, base)
		add.last = min(add.last, last)
		if add.last >= refused {
			break
		}
		if n := len(out); n > 0 && out[n-1].last >= add.first { // several on a line, or a here-document after them
			out[n-1].last = max(out[n-1].last, add.last)
			out[n-1].compound = out[n-1].compound || add.compound
			out[n-1].docs = append(out[n-1].docs, add.docs...)
			continue
		}
		out = append(out, add)
	}
	return out, err
}

func statementOf(s *syntax.Stmt, base int) statement {
	line := func(p syntax.Pos) int { return base + int(p.Line()) - 1 }
	out := statement{first: line(s.Pos()), last: line(s.End())}
	syntax.Walk(s, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Redirect:
			if n.Op != syntax.Hdoc && n.Op != syntax.DashHdoc {
				break
			}
			d := document{quoted: isQuoted(n.Word), from: line(n.OpPos) + 1}
			if k := len(out.docs); k > 0 {
				d.from = max(d.from, out.docs[k-1].to+1)
			}
			d.to = d.from // an empty one
			if n.Hdoc != nil {
				d.from, d.to = line(n.Hdoc.Pos()), line(n.Hdoc.End())
			}
			out.docs, out.last = append(out.docs, d), max(out.last, d.to)
		case *syntax.CmdSubst, *syntax.ProcSubst:
			return false // its commands are words of this one
		case *syntax.CallExpr, *syntax.BinaryCmd, *syntax.DeclClause:
		case syntax.Command:
			out.compound = true
		}
		return true
	})
	return out
}

// isQuoted reports whether any part of a here-document's word is quoted, so that nothing in
// the document is expanded (POSIX.1-2024, XCU 2.7.4).
func isQuoted(w *syntax.Word) bool {
	return slices.ContainsFunc(w.Parts, func(part syntax.WordPart) bool {
		lit, ok := part.(*syntax.Lit)
		return !ok || strings.Contains(lit.Value, `\`)
	})
}
