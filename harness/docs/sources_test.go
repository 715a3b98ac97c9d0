package docs_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// sources finds declared types in the program's text, so that their comments can be read.
type sources struct {
	packages map[string]*pkg // by folder within the repository
}

type pkg struct {
	name, dir string
	types     map[string]*declared
	methods   map[string][]string // by receiver
	values    map[string][]string // of the constants of a type
	functions map[string]*declared
}

// sourceFile is a file with the packages that it imports.
type sourceFile struct {
	pkg     *pkg
	imports map[string]string // name to path
}

// declared is a type, or the first struct that a function declares.
type declared struct {
	file *sourceFile
	name string
	doc  string
	expr ast.Expr
}

// heading is how the reference names the type.
func (d *declared) heading() string {
	if d.file.pkg.name == "main" {
		return d.name
	}
	return d.file.pkg.name + "." + d.name
}

func newSources() *sources { return &sources{packages: map[string]*pkg{}} }

const module = "github.com/reprise-lab/reprise/"

// find looks up "folder.Type", in the folder or else anywhere below it.
func (s *sources) find(name string) (*declared, error) {
	dir, typ, _ := strings.Cut(name, ".")
	var found []*declared
	err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if d.Name() == "testdata" {
			return filepath.SkipDir
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		p, err := s.load(rel)
		if err != nil {
			return err
		}
		if f, ok := strings.CutPrefix(typ, "func "); ok {
			if d := p.functions[f]; d != nil {
				found = append(found, d)
			}
		} else if d := p.types[typ]; d != nil {
			found = append(found, d)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s: no such type; name the one that took its place", name)
	}
	return found[0], nil
}

// load reads the package of a folder; one without Go files is empty.
func (s *sources) load(dir string) (*pkg, error) {
	if p := s.packages[dir]; p != nil {
		return p, nil
	}
	p := &pkg{dir: dir, types: map[string]*declared{}, methods: map[string][]string{}, values: map[string][]string{}, functions: map[string]*declared{}}
	s.packages[dir] = p
	paths, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		p.name = f.Name.Name
		p.add(f)
	}
	return p, nil
}

func (p *pkg) add(f *ast.File) {
	file := &sourceFile{pkg: p, imports: map[string]string{}}
	for _, i := range f.Imports {
		path, _ := strconv.Unquote(i.Path.Value)
		name := filepath.Base(path)
		if i.Name != nil {
			name = i.Name.Name
		}
		file.imports[name] = path
	}
	for _, decl := range f.Decls {
		switch d := decl.(type) {
		case *ast.GenDecl:
			p.general(file, d)
		case *ast.FuncDecl:
			p.function(file, d)
		}
	}
}

func (p *pkg) general(file *sourceFile, d *ast.GenDecl) {
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			doc := spec.Doc
			if doc == nil {
				doc = d.Doc
			}
			p.types[spec.Name.Name] = &declared{file: file, name: spec.Name.Name, doc: sentence(doc), expr: spec.Type}
		case *ast.ValueSpec:
			id, ok := spec.Type.(*ast.Ident)
			if !ok || d.Tok != token.CONST || len(spec.Values) == 0 {
				continue
			}
			if lit, ok := spec.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if v, err := strconv.Unquote(lit.Value); err == nil && v != "" {
					p.values[id.Name] = append(p.values[id.Name], v)
				}
			}
		}
	}
}

func (p *pkg) function(file *sourceFile, d *ast.FuncDecl) {
	if d.Recv != nil && len(d.Recv.List) > 0 {
		t := d.Recv.List[0].Type
		if star, ok := t.(*ast.StarExpr); ok {
			t = star.X
		}
		if id, ok := t.(*ast.Ident); ok {
			p.methods[id.Name] = append(p.methods[id.Name], d.Name.Name)
		}
	}
	if d.Body == nil {
		return
	}
	ast.Inspect(d.Body, func(n ast.Node) bool {
		if st, ok := n.(*ast.StructType); ok && p.functions[d.Name.Name] == nil && tagged(st) {
			p.functions[d.Name.Name] = &declared{file: file, name: d.Name.Name + " result", expr: st}
		}
		return true
	})
}

func tagged(st *ast.StructType) bool {
	return slices.ContainsFunc(st.Fields.List, func(f *ast.Field) bool { return f.Tag != nil && strings.Contains(f.Tag.Value, "json:") })
}

func sentence(doc *ast.CommentGroup) string {
	text := strings.Join(strings.Fields(doc.Text()), " ")
	return strings.NewReplacer("[", "", "]", "").Replace(text)
}

// field is one key of an object.
type field struct {
	file     *sourceFile
	key, doc string
	typ      ast.Expr
	optional bool
}

// fields lists the keys of a type, those of what it embeds among them.
func (s *sources) fields(d *declared) []field {
	st, ok := d.expr.(*ast.StructType)
	if !ok {
		return nil
	}
	var out []field
	for _, f := range st.Fields.List {
		tag := ""
		if f.Tag != nil {
			text, _ := strconv.Unquote(f.Tag.Value)
			tag = reflect.StructTag(text).Get("json")
		}
		key, options, _ := strings.Cut(tag, ",")
		if key == "" && len(f.Names) == 0 {
			if in := s.resolve(d.file, f.Type); in != nil {
				out = append(out, s.fields(in)...)
			}
			continue
		}
		if key == "" || key == "-" {
			continue
		}
		doc := sentence(f.Doc)
		if doc == "" {
			doc = sentence(f.Comment)
		}
		out = append(out, field{d.file, key, doc, f.Type, strings.HasPrefix(options, "omit")})
	}
	return out
}

// resolve finds the declaration that an expression names; nil for one that is not ours.
func (s *sources) resolve(file *sourceFile, e ast.Expr) *declared {
	switch e := e.(type) {
	case *ast.StarExpr:
		return s.resolve(file, e.X)
	case *ast.Ident:
		return file.pkg.types[e.Name]
	case *ast.SelectorExpr:
		x, ok := e.X.(*ast.Ident)
		if !ok {
			return nil
		}
		dir, ours := strings.CutPrefix(file.imports[x.Name], module)
		if !ours {
			return nil
		}
		if p, err := s.load(dir); err == nil {
			return p.types[e.Sel.Name]
		}
	}
	return nil
}

// kind says what a value is on the wire.
func (s *sources) kind(file *sourceFile, e ast.Expr, link func(*declared) string) (string, error) {
	switch e := e.(type) {
	case *ast.StarExpr:
		what, err := s.kind(file, e.X, link)
		return what + " or null", err
	case *ast.ArrayType:
		if id, ok := e.Elt.(*ast.Ident); ok && id.Name == "byte" {
			return "base64", nil
		}
		what, err := s.kind(file, e.Elt, link)
		if lit, ok := e.Len.(*ast.BasicLit); ok {
			return fmt.Sprintf("list of %s: %s", lit.Value, what), err
		}
		return "list of " + what, err
	case *ast.MapType:
		what, err := s.kind(file, e.Value, link)
		return "by name: " + what, err
	case *ast.StructType:
		return "object", nil
	case *ast.InterfaceType:
		return "any", nil
	}
	if d := s.resolve(file, e); d != nil {
		return s.named(d, link)
	}
	switch name := nameOf(file, e); name {
	case "string", "error":
		return "text", nil
	case "bool":
		return "true or false", nil
	case "int", "int64", "uint64", "uint32", "int32", "uint16", "uint8", "float64":
		return "number", nil
	case "time.Time":
		return "time (RFC 3339)", nil
	case "time.Duration":
		return "nanoseconds", nil
	case "net/netip.Prefix":
		return "network (192.0.2.0/24)", nil
	case "net/netip.Addr":
		return "address (192.0.2.1)", nil
	case "any", "encoding/json.RawMessage":
		return "any", nil
	default:
		return "", fmt.Errorf("nobody knows how %s is written", name)
	}
}

func (s *sources) named(d *declared, link func(*declared) string) (string, error) {
	p := d.file.pkg
	for _, m := range []string{"MarshalText", "MarshalJSON"} {
		if slices.Contains(p.methods[d.name], m) {
			return "text", nil
		}
	}
	if values := p.values[d.name]; len(values) > 0 {
		return "`" + strings.Join(values, "` `") + "`", nil
	}
	if _, ok := d.expr.(*ast.StructType); ok {
		return link(d), nil
	}
	return s.kind(d.file, d.expr, link)
}

func nameOf(file *sourceFile, e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		if x, ok := e.X.(*ast.Ident); ok {
			return file.imports[x.Name] + "." + e.Sel.Name
		}
	}
	return fmt.Sprintf("%T", e)
}
