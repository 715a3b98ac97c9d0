package drivers

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Factory opens drivers of one platform.
type Factory interface {
	// Platform is the name that scenarios use.
	Platform() string
	// Open opens a session. It starts no daemon; see Booter.
	Open(ctx context.Context, t Target) (Driver, error)
}

// Registry is the list of platforms a program knows. Its zero value is empty.
type Registry struct {
	factories map[string]Factory
}

// Register adds a platform; a name that is taken is an error.
func (r *Registry) Register(f Factory) error {
	if _, taken := r.factories[f.Platform()]; taken {
		return fmt.Errorf("register platform %s: the name is taken", f.Platform())
	}
	if r.factories == nil {
		r.factories = map[string]Factory{}
	}
	r.factories[f.Platform()] = f
	return nil
}

// Platforms lists the known platforms, sorted.
func (r *Registry) Platforms() []string {
	names := make([]string, 0, len(r.factories))
	for name := range r.factories {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Open opens a session with a node of the named platform.
func (r *Registry) Open(ctx context.Context, platform string, t Target) (Driver, error) {
	f, ok := r.factories[platform]
	if !ok {
		return nil, &OpError{Node: t.Node, Op: "open session", Err: fmt.Errorf("platform %q: %w (known: %v)", platform, ErrUnsupported, r.Platforms())}
	}
	return f.Open(ctx, t)
}

// Grammar gives the grammar of a platform's configuration, when it offers one.
func (r *Registry) Grammar(platform string) (ConfigGrammar, bool) {
	g, ok := As[ConfigGrammar](r.factories[platform])
	return g, ok
}

// SyntaxChecker gives what checks a platform's configuration, when it offers that.
func (r *Registry) SyntaxChecker(platform string) (SyntaxChecker, bool) {
	c, ok := As[SyntaxChecker](r.factories[platform])
	return c, ok
}

// Daemons lists the daemons that a platform knows, when it says so.
func (r *Registry) Daemons(platform string) (names []string, ok bool) {
	l, ok := As[DaemonLister](r.factories[platform])
	if !ok {
		return nil, false
	}
	return l.Daemons(), true
}

// Describe says what is known of a platform before any of its nodes is there; ok is false for
// one that the registry does not know.
func (r *Registry) Describe(platform string) (d Description, ok bool) {
	f, ok := r.factories[platform]
	if !ok {
		return d, false
	}
	if t, tells := As[StatusTeller](f); tells {
		d.Statuses = t.TellsStatus()
	}
	if s, runs := As[ServiceRunner](f); runs {
		d.AnyService = s.RunsAnyService()
	}
	if c, chooses := As[DaemonChooser](f); chooses {
		d.Starts = c.DaemonsFor
	}
	d.Daemons, _ = r.Daemons(platform)
	return d, true
}

// Template gives a platform's own TextFSM template, by "PLATFORM:NAME".
func (r *Registry) Template(name string) ([]byte, error) {
	platform, base, _ := strings.Cut(name, ":")
	src, ok := As[TemplateSource](r.factories[platform])
	if !ok {
		return nil, fmt.Errorf("template %s: platform %q: %w", name, platform, ErrUnsupported)
	}
	text, err := fs.ReadFile(src.Templates(), "templates/"+base+".textfsm")
	if err != nil {
		return nil, fmt.Errorf("template %s: %w (known: %s)", name, err, strings.Join(r.Templates(platform), ", "))
	}
	return text, nil
}

// Templates lists the templates of a platform.
func (r *Registry) Templates(platform string) []string {
	src, ok := As[TemplateSource](r.factories[platform])
	if !ok {
		return nil
	}
	files, _ := fs.Glob(src.Templates(), "templates/*.textfsm") // the pattern is well formed
	for i, f := range files {
		files[i] = platform + ":" + strings.TrimSuffix(path.Base(f), ".textfsm")
	}
	return files
}

// Classed gives a platform's lists of commands by class of problem, where it has some.
func (r *Registry) Classed(platform string) (ClassedEvidence, bool) {
	c, ok := As[ClassedEvidence](r.factories[platform])
	return c, ok
}

// TechLacks tells what a platform's tech-support lacks, by its text. A platform that cannot
// tell gives false.
func (r *Registry) TechLacks(platform, text string) (lacks []string, ok bool) {
	t, ok := As[TechReader](r.factories[platform])
	if !ok {
		return nil, false
	}
	return t.TechLacks(text), true
}

// TechBegins reports whether a text is of a platform's tech-support at all, whole or cut. It is
// false for a platform that cannot tell.
func (r *Registry) TechBegins(platform, text string) bool {
	t, ok := As[TechReader](r.factories[platform])
	return ok && t.TechBegins(text)
}

// ConfigLacks tells what a platform's configuration lacks, by its text. A platform that cannot tell
// gives false.
func (r *Registry) ConfigLacks(platform, text string) (lacks []string, ok bool) {
	c, ok := As[ConfigReader](r.factories[platform])
	if !ok {
		return nil, false
	}
	return c.ConfigLacks(text), true
}

// Virtual gives what the virtual form of a platform cannot show, where it has one.
func (r *Registry) Virtual(platform string) (Virtual, bool) {
	v, ok := As[Virtualised](r.factories[platform])
	if !ok {
		return Virtual{}, false
	}
	return v.Virtual(), true
}

// Placed names the program that drivers of a platform put into their nodes; it is false for those that put none.
func (r *Registry) Placed(platform string) (what string, ok bool) {
	p, ok := As[Placed](r.factories[platform])
	if !ok {
		return "", false
	}
	return p.Placed(), true
}

// Products lists what the platforms name, platform by platform in their order. A product that
// several of them name is listed once.
func (r *Registry) Products() []Product {
	var all []Product
	for _, platform := range r.Platforms() {
		src, ok := As[ProductSource](r.factories[platform])
		if !ok {
			continue
		}
		for _, p := range src.Products() {
			if !slices.ContainsFunc(all, func(have Product) bool { return have.Name == p.Name }) {
				all = append(all, p)
			}
		}
	}
	return all
}

// Skeleton gives what a new scenario of a platform is written from, where it can be.
func (r *Registry) Skeleton(platform string) (Skeleton, bool) {
	src, ok := As[SkeletonSource](r.factories[platform])
	if !ok {
		return Skeleton{}, false
	}
	return src.Skeleton(), true
}

// Skeletons lists the platforms that new scenarios can be written for.
func (r *Registry) Skeletons() []string {
	return slices.DeleteFunc(r.Platforms(), func(platform string) bool { _, ok := r.Skeleton(platform); return !ok })
}
