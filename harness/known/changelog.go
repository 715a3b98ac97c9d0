package known

import (
	"strings"
)

// changes goes through a list of changes.
type changes struct {
	*reader
	product, version string
	packaged         string // the package that the first stanza is of
	section          string // what stands above the entries: Fixed, Added …
	items            []item
	git              bool
	debian           bool // a stanza of Debian's: it tells of the package, too
	paragraphs       bool // entries have no mark
	letter           bool // sentences stand above the list
	heads            int
	back             []takenBack
}

func (r *reader) changelog(text string) error {
	c := changes{reader: r}
	return c.read(text, false)
}

// announcement reads the list below a letter that announces a release: it is of the release that the document is of.
func (r *reader) announcement(text string) error {
	c := changes{reader: r, version: r.doc.Release, letter: true}
	return c.read(text, true)
}

// read goes through the lines; open says that entries begin at once.
func (c *changes) read(text string, open bool) error {
	r := c.reader
	r.doc.Shape = "list of changes"
	if r.doc.Product == "" {
		r.doc.Product = r.products.ofName(r.name, text)
	}
	lines := strings.Split(text, "\n")
	c.paragraphs = inParagraphs(lines)
	for k, line := range lines {
		n, below := k+1, lineAt(lines, k+1)
		line = strings.TrimRight(line, " \t\r\f")
		product, v, ok := r.products.headOf(line, below)
		_, entry := entryOf(line)
		switch {
		case gitCommit().MatchString(line):
			c.end()
			c.git, c.version, open = true, r.doc.Release, false
		case ok:
			c.end()
			was := c.product
			c.product, c.version, c.section, open = product, v, "", true
			if m := openSuffix().FindStringSubmatch(line); m != nil {
				c.section = m[1]
			} else if m := inHead().FindStringSubmatch(line); m != nil {
				c.section = m[1]
			} else if text := strings.Trim(line, "#* "); openHeading().MatchString(text) { // "Known issues in 2.0"
				c.section, c.product = text, was
			}
			if c.heads == 0 {
				c.packaged = c.product
			}
			c.debian = debianHead().MatchString(line)
			c.heads++
		case c.git:
			c.commitLine(line, n)
		case underline().MatchString(line):
			c.gap()
		case dayHead().MatchString(line):
			c.end()
			c.version, open = "", true // a version is named below it, or none is known
		case open && c.sections(line, below, k > 0 && strings.TrimSpace(lines[k-1]) == "" && below == ""):
		case !entry && unreadHead(line) && (!c.letter || strings.HasSuffix(line, ":")):
			c.end()
			c.version = ""
			if at := versionWord().FindAllStringIndex(line, 2); c.letter && len(at) == 1 && at[0][1] == len(line)-1 {
				c.version = line[at[0][0]:at[0][1]]
			}
		case c.letter && line != "" && line[0] > ' ' && !entry: // the letter goes on
			c.end()
			c.version = r.doc.Release
		case line == "" || strings.HasPrefix(line, " -- "):
			c.gap()
		case !open && !numbered().MatchString(line):
			r.doc.Passed++
		default:
			open = true
			c.line(line, n)
		}
		if len(c.items) > 20_000 {
			c.end()
		}
	}
	c.end()
	c.undo()
	return nil
}

// ofName knows a daemon by the name of the file or by how its list begins.
func (p *Products) ofName(name, text string) string {
	if p.aboutTool(name) {
		return ""
	}
	if named := p.in(strings.NewReplacer("-", " ", "_", " ", ".", " ").Replace(name)); named != "" {
		return named
	}
	head := clip(text, 2000)
	switch {
	case p.aboutTool(head):
		return ""
	case birdHead().MatchString(head):
		return "bird"
	case ovsHead().MatchString(head):
		return "ovs"
	}
	return p.in(head)
}

// unreadHead tells a line at the margin that names a version in a form that is not known:
// what follows is not of the version above. One that leads elsewhere, or quotes, is none.
func unreadHead(line string) bool {
	return line != "" && line[0] > ' ' && line[0] != '>' && len(strings.Fields(line)) <= 8 && len(line) < 100 && !strings.Contains(line, "://") && versionWord().MatchString(line)
}

// sections takes in a line that says of what kind the entries below it are. What a version has and does not fix ends where
// another kind begins, also without a mark; alone tells that empty lines stand around the line.
func (c *changes) sections(line, below string, alone bool) bool {
	name, ok := sectionName(line, below, alone)
	text := strings.TrimSpace(line)
	if !ok && (openHeading().MatchString(text) || openHeading().MatchString(c.section) && (fixes(text) || newsHeading().MatchString(text))) {
		name, ok = text, true
	}
	if ok {
		c.end()
		c.section = name
	}
	return ok
}

// line takes in an entry, or what an entry goes on with.
func (c *changes) line(line string, n int) {
	it, ok := entryOf(line)
	if !ok && c.paragraphs && line[0] <= ' ' && (len(c.items) == 0 || strings.HasSuffix(c.items[len(c.items)-1].text, "\x00")) {
		it, ok = item{text: strings.TrimSpace(line), parent: -1, leaf: true, first: maxField}, true
	}
	switch {
	case ok:
		it.line = n
		for k := len(c.items) - 1; k >= 0; k-- {
			if c.items[k].indent < it.indent {
				it.parent = k
				c.items[k].leaf = false
				break
			}
		}
		c.items = append(c.items, it)
	case len(c.items) > 0:
		c.goOn(line)
	}
}

// goOn adds a line to the entry that it is indented below, as long as more of it is kept. Behind an empty line the ids of an
// entry may stand.
func (c *changes) goOn(line string) {
	last := &c.items[len(c.items)-1]
	if len(last.text) > maxField {
		return
	}
	if rest, ended := strings.CutSuffix(last.text, "\x00"); ended && line[0] <= ' ' && len(idsIn(line)) > 0 && len(line) < 60 {
		last.text = rest + " " + strings.TrimSpace(line) + "\x00"
		return
	}
	if len(expand(line))-len(strings.TrimLeft(expand(line), " ")) > 0 && !strings.HasSuffix(last.text, "\x00") {
		last.text += " " + strings.TrimSpace(line)
	}
}

// gap ends the entry: what follows an empty line is a note and no more of it.
func (c *changes) gap() {
	if n := len(c.items); n > 0 && !strings.HasSuffix(c.items[n-1].text, "\x00") {
		c.items[n-1].text += "\x00"
	}
}

// commitLine reads what git log prints: a subject and a body, both indented.
func (c *changes) commitLine(line string, n int) {
	body, ok := strings.CutPrefix(line, "    ")
	switch {
	case fixesTrailer().MatchString(body) && len(c.items) > 0:
		c.items[0].fixes = true
	case !ok || strings.HasPrefix(body, "Signed-off-by") || strings.HasPrefix(body, "Thanks to"):
	case len(c.items) == 0:
		c.items = append(c.items, item{text: strings.TrimSpace(body), line: n, parent: -1, leaf: true, first: len(strings.TrimSpace(body))})
	case len(c.items[0].text) <= maxField:
		c.items[0].text += " " + strings.TrimSpace(body)
	}
}

// end makes issues of the entries of one version.
func (c *changes) end() {
	for k := range c.items {
		c.items[k].text = strings.TrimSuffix(c.items[k].text, "\x00")
	}
	for _, it := range c.items {
		c.item(it)
	}
	c.items = nil
}
