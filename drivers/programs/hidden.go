package programs

import (
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Part is a part of a command line of which nobody sees whether it failed: the line's status is another's.
type Part struct {
	Command string // as it stands in the line
	Alone   string // a line that runs it once more, and ends with its status
	No      []int  // statuses other than 0 by which such a program says no
	Last    []int  // those by which the program says no whose status is the line's
	Decides bool   // what the line does next, or how it ends, is by whether it says no
	Whole   bool   // it is all of the line, whose own status tells: it says no by another than it fails by
}

// Hidden gives the parts of a line that may fail unseen: each stage of a pipeline but the last, what stands before "|| true" or
// the like, and what a line only asks for yes or no: before && and ||, behind ! and if. They are those of a line that is one pipeline or such
// a list, which does nothing else when a part of it is run once more; of a line of several statements, of loops and the like nothing is
// told. A line that is one program which says no by a status of its own is such a part, too: it fails by another.
func Hidden(line string) []Part {
	file := parse(line)
	if file == nil || len(file.Stmts) != 1 {
		return nil
	}
	s := file.Stmts[0]
	if s.Background || s.Coprocess || len(s.Redirs) > 0 && !isCall(s) {
		return nil
	}
	if s.Negated {
		asked := *s
		asked.Negated = false
		stages := stagesOf(&asked)
		return deciding(partsOf(stages, len(stages)))
	}
	switch c := s.Cmd.(type) {
	case *syntax.CallExpr:
		parts := partsOf(stagesOf(s), 1)
		if len(parts) == 1 && len(parts[0].No) > 0 {
			parts[0].Whole = true
			return parts
		}
	case *syntax.IfClause:
		if len(c.Cond) == 1 && !c.Cond[0].Negated {
			stages := stagesOf(c.Cond[0])
			return deciding(partsOf(stages, len(stages)))
		}
	case *syntax.BinaryCmd:
		return ofList(s, c)
	}
	return nil
}

// ofList are the parts of a pipeline, or of a list whose last statement does no more than say something.
func ofList(s *syntax.Stmt, list *syntax.BinaryCmd) []Part {
	switch first, isList := list.X.Cmd.(*syntax.BinaryCmd); {
	case list.Op == syntax.Pipe, list.Op == syntax.PipeAll:
		stages := stagesOf(s)
		parts := partsOf(stages, len(stages)-1)
		if last, ok := stages[len(stages)-1].stmt.Cmd.(*syntax.CallExpr); ok {
			for i := range parts {
				parts[i].Last = noOf(namesOf(last.Args))
			}
		}
		return parts
	case list.Op != syntax.OrStmt || !says(list.Y):
		return nil
	case isList && first.Op == syntax.AndStmt && says(first.Y):
		stages := stagesOf(first.X)
		return deciding(partsOf(stages, len(stages)))
	default:
		stages := stagesOf(list.X)
		return partsOf(stages, len(stages))
	}
}

func isCall(s *syntax.Stmt) bool {
	_, is := s.Cmd.(*syntax.CallExpr)
	return is
}

// deciding are parts that a line asks for yes or no.
func deciding(parts []Part) []Part {
	for i := range parts {
		parts[i].Decides = true
	}
	return parts
}

// says reports whether a statement does no more than end well, or say something: true, :, exit 0, echo, printf.
func says(s *syntax.Stmt) bool {
	call, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || s.Background || s.Negated || len(call.Args) == 0 {
		return false
	}
	name, _ := literal(call.Args[0])
	return slices.Contains([]string{"true", ":", "exit", "echo", "printf"}, name)
}

// stage is a statement of a pipeline, with how it is joined to the one before.
type stage struct {
	stmt *syntax.Stmt
	op   string
}

// stagesOf are the statements of a pipeline, or the one that a statement is.
func stagesOf(s *syntax.Stmt) []stage {
	pipe, ok := s.Cmd.(*syntax.BinaryCmd)
	if !ok || pipe.Op != syntax.Pipe && pipe.Op != syntax.PipeAll || s.Negated || len(s.Redirs) > 0 {
		return []stage{{stmt: s}}
	}
	right := stagesOf(pipe.Y)
	right[0].op = pipe.Op.String()
	return append(stagesOf(pipe.X), right...)
}

// mostStages bounds a pipeline whose parts are told: each is run once more, and stands in the line of every one behind it.
const mostStages = 16

// partsOf are the first n stages of a pipeline. Each is run once more with those before it, which it reads from; none is where one of them
// is no simple command, or is not known.
func partsOf(stages []stage, n int) []Part {
	if n > mostStages {
		return nil
	}
	var parts []Part
	var before strings.Builder
	for _, s := range stages[:n] {
		call, ok := s.stmt.Cmd.(*syntax.CallExpr)
		if !ok || len(call.Args) == 0 || s.stmt.Background || s.stmt.Negated {
			return parts
		}
		names := namesOf(call.Args)
		text, err := printed(s.stmt)
		if len(names) == 0 || err != nil || strings.Contains(text, "\n") {
			return parts
		}
		if s.op != "" {
			before.WriteString(" " + s.op + " ")
		}
		before.WriteString(text)
		if !harmless(names) {
			parts = append(parts, Part{Command: text, Alone: "{ " + before.String() + "; } 2>&1", No: noOf(names)})
		}
	}
	return parts
}

// namesOf are the names of the programs of a simple command: its own, and that of what it runs.
func namesOf(args []*syntax.Word) (names []string) {
	for len(args) > 0 {
		name, ok := literal(args[0])
		if !ok {
			return nil
		}
		names = append(names, path.Base(name))
		args = behind(path.Base(name), args[1:])
	}
	return names
}

// harmless reports whether a command cannot fail in a way that matters: it prints what it is given.
func harmless(names []string) bool {
	return slices.Contains([]string{"echo", "printf", "true", ":"}, names[0])
}

// noOf are the statuses by which programs say no: 1 of those that look for something, and 124 of one that was given so much time
// (timeout(1)).
func noOf(names []string) (no []int) {
	for _, name := range names {
		switch name {
		case "timeout":
			no = append(no, 124)
		case "grep", "egrep", "fgrep", "zgrep", "diff", "cmp", "test", "[", "pgrep", "pidof", "ping", "ping6", "arping", "fping", "nc", "which", "command", "type":
			no = append(no, 1)
		}
	}
	return no
}

// printed is a statement as a line of a shell.
func printed(s *syntax.Stmt) (string, error) {
	var b strings.Builder
	err := syntax.NewPrinter(syntax.SingleLine(true)).Print(&b, s)
	return strings.TrimSpace(b.String()), err
}
