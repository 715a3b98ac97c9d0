package scrapli

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/scrapli/scrapligo/assets"
	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/drivers/session"
)

// definition is the part of scrapligo's platform format (its assets/platforms) that is used.
type definition struct {
	Default struct {
		Levels  map[string]level `yaml:"privilege-levels"`
		Desired string           `yaml:"default-desired-privilege-level"`
		Failed  []string         `yaml:"failed-when-contains"`
		OnOpen  []operation      `yaml:"network-on-open"`
	} `yaml:"default"`
}

type level struct {
	Name           string `yaml:"name"`
	Pattern        string `yaml:"pattern"`
	Previous       string `yaml:"previous-priv"`
	Deescalate     string `yaml:"deescalate"`
	Escalate       string `yaml:"escalate"`
	EscalatePrompt string `yaml:"escalate-prompt"`
}

type operation struct {
	Operation string `yaml:"operation"`
	Command   string `yaml:"command"`
}

// Names lists the platforms that scrapligo brings. Its example is none, and its definition
// of Ruijie's switches stands under two names.
func Names() []string {
	files, _ := fs.Glob(assets.Assets, "platforms/*.yaml") // the pattern is well formed
	var names []string
	for _, f := range files {
		name := strings.TrimSuffix(path.Base(f), ".yaml")
		if name != "example" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func load(name string) (*definition, error) {
	data, err := fs.ReadFile(assets.Assets, "platforms/"+name+".yaml")
	if err != nil {
		return nil, fmt.Errorf("read scrapligo's platform: %w", err)
	}
	d := &definition{}
	if err := yaml.Load(data, d); err != nil {
		return nil, fmt.Errorf("read scrapligo's platform %s: %w", name, err)
	}
	return d, nil
}

// way lists the levels from the one that a login ends in to the named one.
func (d *definition) way(to string) []level {
	var way []level
	for name := to; name != "" && len(way) < 10; {
		l, ok := d.Default.Levels[name]
		if !ok {
			break
		}
		way = append(way, l)
		name = l.Previous
	}
	slices.Reverse(way)
	return way
}

// dialect turns a definition into a dialect.
func (d *definition) dialect(name string) (*session.CompiledDialect, error) {
	var prompts []string
	for _, key := range sortedLevels(d) {
		prompts = append(prompts, unanchored(d.Default.Levels[key].Pattern))
	}
	return session.Dialect{
		Name: name, Prompt: strings.Join(prompts, "|"),
		Marker: marker(name), MarkerAnswer: `(?:[^\n]*\n){0,8}?[^\n]*`, SilentMarker: true,
		Questions: d.questions(),
		Login: []session.LoginStep{
			{See: `(?:^|\n)[^\n]{0,80}(?i:login|username): ?`, Do: session.LoginUser},
			{See: `(?:^|\n)[^\n]{0,80}(?i:password): ?`, Do: session.LoginPassword},
		},
		Denied:        []string{`(?i)(?:incorrect|denied|failed|invalid|bad passwords)`},
		Pagers:        []session.Pager{{See: `--? ?[Mm]ore ?--?[^\n]{0,40}`, Send: " "}},
		Refused:       d.refusals(),
		RefusedConfig: append(d.refusals(), `^% ?\S`, `(?i)^(?:error|syntax error|unknown command|invalid)\b`),
		ClearLine:     "\x15",
	}.Compile()
}

// marker is a line without an effect: a comment where the language has one that needs no
// answer, else a word that no command is.
func marker(name string) string {
	for _, family := range []string{"arista_", "cisco_", "ipinfusion_", "ruijie_", "cumulus_vtysh"} {
		if strings.HasPrefix(name, family) {
			return "! reprise-%s"
		}
	}
	return "reprise-%s"
}

func sortedLevels(d *definition) []string {
	var keys []string
	for k := range d.Default.Levels {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// unanchored takes what scrapligo puts around a pattern of one line. A blank may follow the
// prompt: FRR's own command line is IOS's but for that.
func unanchored(pattern string) string {
	p := regexp.MustCompile(`^\(\?[a-z]+\)`).ReplaceAllString(pattern, "")
	p = strings.TrimPrefix(p, "^")
	if !strings.HasSuffix(p, `\$`) {
		p = strings.TrimSuffix(p, "$")
	}
	return `(?i:` + p + `) ?`
}

func (d *definition) questions() []session.Question {
	qs := []session.Question{{See: `\([yY](?:es)?/[nN]o?\)[?: ]{0,3}`, Reply: "n"}, {See: `\[(?:y/n|yes/no|confirm)\][?: ]{0,3}`, Reply: "n"}}
	for _, key := range sortedLevels(d) {
		if p := d.Default.Levels[key].EscalatePrompt; p != "" {
			qs = append(qs, session.Question{See: `(?:^|\n)` + unanchored(p)})
		}
	}
	return qs
}

func (d *definition) refusals() []string {
	var out []string
	for _, words := range d.Default.Failed {
		out = append(out, regexp.QuoteMeta(words))
	}
	if len(out) == 0 {
		out = []string{`^% ?\S`, `(?i)^(?:unknown command|syntax error)`}
	}
	return out
}
