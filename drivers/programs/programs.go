package programs

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Of names the programs that a command line asks for, each once, in the order in which they stand there. They are words that a
// shell need not be kept from reading: letters, digits and . _ + - / [ alone.
func Of(line string) []string {
	file := parse(line)
	if file == nil {
		return nil
	}
	r := reader{defined: map[string]bool{}, asked: map[string]bool{}}
	r.read(file, 0)
	var found []string
	for _, w := range r.words {
		local := !strings.Contains(w, "/")
		switch {
		case slices.Contains(found, w), slices.Contains(builtins(), w), !plain.MatchString(w), r.defined[w], r.asked[path.Base(w)]:
		case local && r.elsewhere:
		case !local && !path.IsAbs(w): // it depends on where the shell is then
		default:
			found = append(found, w)
		}
	}
	return found
}

// builtins are what every shell has itself (POSIX.1-2017, XCU 1.6 and 2.14).
func builtins() []string {
	return strings.Fields(`. : break continue eval exec exit export readonly return set shift times trap unset
alias bg cd command echo false fc fg getopts hash jobs kill printf pwd read test [ true type ulimit umask unalias wait`)
}

// plain are words that name a program for certain.
var plain = regexp.MustCompile(`^(?:[A-Za-z0-9_./][A-Za-z0-9_.+/-]*|\[\[)$`)

const (
	longest     = 256 << 10 // bytes of a script that is read
	mostOpening = 8 << 10   // brackets of all kinds in it
)

// Readable says that a script is within what a parser of shells is given. It calls itself for whatever stands within something
// else, and takes up to 7 kB of stack for a bracket: 256 kB of them end the process, and nothing can catch that.
func Readable(script string) bool {
	opening := 0
	for _, b := range []byte(script) {
		if b == '(' || b == '[' || b == '{' || b == '`' {
			opening++
		}
	}
	return len(script) <= longest && opening <= mostOpening
}

// parse reads a line as any POSIX shell does; as bash where it is none of theirs, or does sums. It reads none that is not
// Readable.
func parse(line string) *syntax.File {
	if !Readable(line) {
		return nil
	}
	bash, notBash := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(line), "")
	posix, notPOSIX := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(line), "")
	switch {
	case notBash != nil && notPOSIX != nil:
		return nil
	case notPOSIX != nil:
		return bash
	case notBash != nil:
		return posix
	}
	sums := false
	syntax.Walk(bash, func(n syntax.Node) bool {
		_, is := n.(*syntax.ArithmCmd)
		sums = sums || is
		return true
	})
	if sums {
		return bash
	}
	return posix
}

// reader gathers what a line asks for.
type reader struct {
	words     []string
	defined   map[string]bool // functions and aliases of the line itself
	asked     map[string]bool // names of programs that the line asks for itself, or takes away
	elsewhere bool            // the line changes where programs are found
}

const (
	mostScripts = 4  // how deep scripts may stand in each other, and what find runs
	mostRun     = 16 // how many programs may run each other: env timeout 5 nice …
)

func (r *reader) read(file syntax.Node, depth int) {
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.FuncDecl:
			r.defined[n.Name.Value] = true
		case *syntax.Assign:
			r.elsewhere = r.elsewhere || n.Name != nil && n.Name.Value == "PATH"
		case *syntax.UnaryTest:
			if w, ok := n.X.(*syntax.Word); ok {
				r.ask(w)
			}
		case *syntax.CallExpr:
			r.call(n.Args, depth)
		}
		return true
	})
}

// call reads a simple command, and what it runs in turn.
func (r *reader) call(args []*syntax.Word, depth int) {
	for range mostRun {
		name, ok := literal(first(args))
		if !ok || len(args) == 0 {
			return
		}
		r.words = append(r.words, name)
		base, rest := path.Base(name), args[1:]
		r.note(base, rest)
		if isShell(base) {
			r.script(rest, depth)
			return
		}
		for _, text := range scriptsOf(base, rest) {
			r.text(text, depth)
		}
		if base == "find" {
			if depth < mostScripts {
				for _, run := range behindFind(rest) {
					r.call(run, depth+1)
				}
			}
			return
		}
		args = behind(base, rest)
	}
}

// note takes in what a command says of other programs.
func (r *reader) note(name string, args []*syntax.Word) {
	first := ""
	if len(args) > 0 {
		first, _ = literal(args[0])
	}
	switch name {
	case "which", "type", "hash", "[", "test", "[[", // it asks
		"rm", "mv", "unlink", "apt", "apt-get", "dpkg", "apk", "dnf", "yum", "pip", "pip3": // it takes away
		for _, a := range args {
			r.ask(a)
		}
	case "command":
		if strings.HasPrefix(first, "-") && strings.ContainsAny(first, "vV") {
			for _, a := range args {
				r.ask(a)
			}
		}
	case "alias":
		for _, a := range args {
			word, _ := assigned(a)
			r.defined[word] = true
		}
	case ".", "source", "eval", "cd", "enable", "unalias":
		r.elsewhere = r.elsewhere || name == "." || name == "source" || name == "eval"
	case "export", "readonly", "declare", "typeset", "local", "env":
		for _, a := range args {
			word, _ := assigned(a)
			r.elsewhere = r.elsewhere || word == "PATH"
		}
	}
}

func (r *reader) ask(w *syntax.Word) {
	if s, ok := literal(w); ok && s != "" {
		r.asked[path.Base(s)] = true
	}
}

// script reads what a shell is given behind -c.
func (r *reader) script(args []*syntax.Word, depth int) {
	for i, a := range args {
		option, ok := literal(a)
		if !ok || !strings.HasPrefix(option, "-") || strings.HasPrefix(option, "--") {
			return
		}
		if !strings.Contains(option, "c") {
			continue
		}
		if i+1 == len(args) {
			return
		}
		if text, ok := literal(args[i+1]); ok {
			r.text(text, depth)
		}
		return
	}
}

// text reads a script that stands within a line.
func (r *reader) text(script string, depth int) {
	if depth == mostScripts {
		return
	}
	if file := parse(script); file != nil {
		r.read(file, depth+1)
	}
}

func isShell(name string) bool { return slices.Contains([]string{"sh", "ash", "bash", "dash"}, name) }

// runner is a program that runs another, whose words stand behind its own.
type runner struct {
	flags   string // options of one letter that stand alone
	takes   string // and those that take the next word, where nothing is behind the letter
	long    string // options of words that stand alone
	given   string // and those that take the next word, where no = is behind them
	sets    bool   // NAME=VALUE may stand before the program
	numbers bool   // an option may be a number: nice -5
	before  int    // words that stand before the program
}

// runners are known by their names; see their manuals (coreutils, util-linux, findutils, sudo, POSIX.1-2017).
func runners() map[string]runner {
	return map[string]runner{
		"env":     {flags: "i0v", takes: "uC", sets: true},
		"timeout": {flags: "v", takes: "ks", before: 1},
		"nice":    {takes: "n", numbers: true},
		"sudo":    {flags: "nEHSbkKPiA", takes: "ugCDhpRrtTU", sets: true},
		"nohup":   {},
		"xargs":   {flags: "0rtpx", takes: "nIPLdsaE"},
		"time":    {flags: "pvqa", takes: "fo"},
		"exec":    {flags: "cl", takes: "a"},
		"command": {flags: "p"},
		"setsid":  {flags: "cfw"},
		"stdbuf":  {takes: "ioe"},
		"ionice":  {flags: "t", takes: "cn"},
		"flock":   {flags: "sxenuoFv", takes: "wE", long: "--nonblock --exclusive --shared --no-fork --verbose", given: "--timeout --wait", before: 1},
		"chrt":    {flags: "abdfiorRv", takes: "TPD", long: "--batch --deadline --fifo --idle --other --rr --verbose", before: 1},
		"taskset": {flags: "ac", before: 1},
		"setpriv": {
			long:  "--clear-groups --keep-groups --init-groups --no-new-privs --nnp --reset-env",
			given: "--reuid --ruid --euid --regid --rgid --egid --groups --inh-caps --ambient-caps --bounding-set --securebits --pdeathsig --ptracer",
		},
		"runuser":  {takes: "ugG", given: "--user --group --supp-group"},
		"chroot":   {before: 1},
		"watch":    {flags: "bcdegprtwx", takes: "nqs", given: "--interval"},
		"prlimit":  {},
		"unbuffer": {flags: "p"},
		"strace":   {flags: "fFqvtTyirxzkCcdDwn", takes: "aeEIoOPsSuXbU"},
		"doas":     {flags: "n", takes: "uC"},
	}
}

// behind are the words of the program that another runs; none where it runs none, or where they are not known.
func behind(name string, args []*syntax.Word) []*syntax.Word {
	if name == "ip" {
		return behindIP(args)
	}
	run, known := runners()[name]
	if !known {
		return nil
	}
	switch text, ok := literal(first(args)); {
	case name == "chroot" && (!ok || text != "/"): // another root has other programs
		return nil
	case name == "runuser" && !forUser(text): // as su(1): the word is a user
		return nil
	}
	for len(args) > 0 {
		word, _ := assigned(args[0])
		text, ok := literal(args[0])
		switch {
		case ok && text == "--":
			args = args[1:]
			return past(args, run)
		case ok && len(text) > 1 && text[0] == '-':
			next, known := run.option(text)
			if !known || next > len(args) {
				return nil
			}
			args = args[next:]
		case run.sets && word != "":
			args = args[1:]
		default:
			return past(args, run)
		}
	}
	return nil
}

// past are the words behind those that stand before the program.
func past(args []*syntax.Word, run runner) []*syntax.Word {
	for run.sets && len(args) > 0 {
		if word, _ := assigned(args[0]); word == "" {
			break
		}
		args = args[1:]
	}
	return args[min(run.before, len(args)):]
}

// option is how many words an option is, with what it takes; known is false where it is not known.
func (r runner) option(text string) (words int, known bool) {
	if strings.HasPrefix(text, "--") {
		if slices.Contains(strings.Fields(r.given), text) {
			return 2, true
		}
		return 1, strings.Contains(text, "=") || slices.Contains(strings.Fields(r.long), text)
	}
	if r.numbers && strings.Trim(text[1:], "0123456789") == "" {
		return 1, true
	}
	for i := 1; i < len(text); i++ {
		switch letter := text[i]; {
		case strings.IndexByte(r.takes, letter) >= 0 && i+1 < len(text):
			return 1, true // the rest is what it takes
		case strings.IndexByte(r.takes, letter) >= 0:
			return 2, true
		case strings.IndexByte(r.flags, letter) < 0:
			return 0, false
		}
	}
	return 1, true
}

// first is the first of some words; an empty one where there is none.
func first(args []*syntax.Word) *syntax.Word {
	if len(args) == 0 {
		return &syntax.Word{}
	}
	return args[0]
}

// forUser reports whether the first option of runuser(1) names a user. A program stands behind its options then, and a user elsewhere.
func forUser(option string) bool {
	return strings.HasPrefix(option, "-u") || strings.HasPrefix(option, "--user")
}

// behindFind are the words of the programs that find(1) runs for what it finds.
func behindFind(args []*syntax.Word) (runs [][]*syntax.Word) {
	begin, before := -1, ""
	for i, a := range args {
		text, _ := literal(a)
		switch {
		case begin < 0 && slices.Contains([]string{"-exec", "-execdir", "-ok", "-okdir"}, text):
			begin = i + 1
		case begin >= 0 && (text == ";" || text == "+" && before == "{}"):
			runs, begin = append(runs, args[begin:i]), -1
		}
		before = text
	}
	if begin >= 0 {
		runs = append(runs, args[begin:])
	}
	return runs
}

// Scripts that awk(1) and perl(1) give a shell, where they are whole texts: one that goes on with something else may break off
// within a word, and what stands between two texts is none.
var (
	awkSystems  = regexp.MustCompile(`\bsystem\s*\(\s*"([^"$@\\]+)"\s*\)`)
	awkPiped    = regexp.MustCompile(`(?:^|[{(;=,!&\n])\s*"([^"\\]+)"\s*\|\s*getline\b|\bprintf?\b(?:[^|;}\n"]|"(?:[^"\\]|\\.)*")*\|\s*"([^"\\]+)"\s*(?:[;)}\n]|$)`)
	perlSystems = regexp.MustCompile(`\b(?:system|exec|qx)\s*\(?\s*"([^"$@\\]+)"\s*(?:[;,)}\n]|$|\|\||(?:or|and|if|unless)\b)`)
	backquotes  = regexp.MustCompile("`([^`$@\\\\]+)`")
)

// scriptsOf are the texts that a program has a shell carry out: what su and flock are given behind -c, what trap keeps, the one
// word of watch, and what a program of awk or perl says in as many words.
func scriptsOf(name string, args []*syntax.Word) []string {
	switch name {
	case "su", "runuser", "script":
		return given(name, literals(args))
	case "flock":
		if own := literals(behind(name, args)); len(own) > 1 && isCommand(own[0]) {
			return own[1:2]
		}
	case "trap":
		if texts := literals(args); len(texts) > 1 && !strings.HasPrefix(texts[0], "-") && strings.Trim(texts[0], "0123456789") != "" {
			return texts[:1]
		}
	case "watch":
		if own := literals(behind(name, args)); len(own) == 1 {
			return own
		}
	case "awk", "gawk", "mawk", "nawk":
		return quoted(literals(args), awkSystems, awkPiped)
	case "perl":
		return quoted(literals(args), backquotes, perlSystems)
	}
	return nil
}

// literals are words as the shell gives them to a program, empty where one is made at run time.
func literals(args []*syntax.Word) []string {
	texts := make([]string, 0, len(args))
	for _, a := range args {
		text, _ := literal(a)
		texts = append(texts, text)
	}
	return texts
}

func isCommand(option string) bool { return option == "-c" || option == "--command" }

// given is what su and its like are given behind -c, which may stand behind the user too.
func given(name string, texts []string) []string {
	if name == "runuser" && len(texts) > 0 && forUser(texts[0]) {
		return nil // a -c is of the program that it runs
	}
	for i, text := range texts {
		switch {
		case text == "--":
			return nil
		case isCommand(text) && i+1 < len(texts):
			return texts[i+1 : i+2]
		}
	}
	return nil
}

// quoted are what forms find in texts.
func quoted(texts []string, forms ...*regexp.Regexp) (found []string) {
	for _, text := range texts {
		for _, form := range forms {
			for _, m := range form.FindAllStringSubmatch(text, -1) {
				found = append(found, strings.Join(m[1:], ""))
			}
		}
	}
	return found
}

// behindIP are the words behind ip netns exec NAME, and ip vrf exec NAME.
func behindIP(args []*syntax.Word) []*syntax.Word {
	for len(args) > 3 {
		first, ok := literal(args[0])
		second, _ := literal(args[1])
		switch {
		case !ok:
			return nil
		case first == "-n" || first == "-netns":
			args = args[2:]
		case strings.HasPrefix(first, "-"):
			args = args[1:]
		case (first == "netns" || first == "vrf") && second == "exec":
			return args[3:]
		default:
			return nil
		}
	}
	return nil
}

// literal is a word as the shell gives it to a program, where nothing of it is made at run time.
func literal(w *syntax.Word) (string, bool) {
	var b strings.Builder
	for _, part := range w.Parts {
		switch p := part.(type) {
		case *syntax.Lit:
			if strings.ContainsAny(p.Value, "*?~") || strings.Contains(p.Value, "{") && p.Value != "{}" && !strings.HasSuffix(p.Value, "{}") {
				return "", false
			}
			b.WriteString(strings.ReplaceAll(p.Value, `\`, ""))
		case *syntax.SglQuoted:
			if p.Dollar {
				return "", false
			}
			b.WriteString(p.Value)
		case *syntax.DblQuoted:
			for _, inner := range p.Parts {
				lit, ok := inner.(*syntax.Lit)
				if !ok || p.Dollar {
					return "", false
				}
				b.WriteString(strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\$`, `$`, "\\`", "`").Replace(lit.Value))
			}
		default:
			return "", false
		}
	}
	return b.String(), true
}

// assigned is the name of NAME=VALUE, whatever the value; empty where a word is none.
func assigned(w *syntax.Word) (name string, ok bool) {
	if len(w.Parts) == 0 {
		return "", false
	}
	lit, isLit := w.Parts[0].(*syntax.Lit)
	if !isLit {
		return "", false
	}
	name, _, ok = strings.Cut(lit.Value, "=")
	if !ok || name == "" || strings.ContainsAny(name, "-/") {
		return "", false
	}
	return name, true
}
