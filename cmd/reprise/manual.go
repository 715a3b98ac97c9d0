package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
)

// manualOptions are what manual was asked: man pages into a folder, or the reference.
type manualOptions struct {
	*cli.App
	dir      string
	markdown bool
	root     *cobra.Command // whose verbs are told of
}

// check tells what is wrong with the options.
func (o *manualOptions) check() error {
	if o.markdown == (o.dir != "") {
		return cli.InputError("name a folder for man pages, or --markdown")
	}
	return nil
}

// newManual writes what others read about the verbs: man pages for `make install`, and the
// reference in README.md beside this file. It is in the program, so that whoever got that by
// `go install` has its man pages too; cobra/doc and what it needs are a hundredth of it.
func newManual(a *cli.App, runF func(context.Context, *manualOptions) error) *cobra.Command {
	o := &manualOptions{App: a}
	c := &cobra.Command{
		Use: "manual DIR", Short: "Write man pages into a folder, or the reference in Markdown", Hidden: true,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.dir, o.root = strings.Join(args, ""), c.Root()
			if err := o.check(); err != nil {
				return err
			}
			return cli.Run(runF, runManual)(c.Context(), o)
		},
	}
	c.Flags().BoolVar(&o.markdown, "markdown", false, "print the reference in Markdown")
	return c
}

func runManual(_ context.Context, o *manualOptions) error {
	if !o.markdown {
		return manPages(o.root, o.dir)
	}
	_, err := o.Out.Write(reference(o.root))
	return err
}

// manPages writes a page for each verb below root into a folder, which it makes. The pages
// depend on the program and on SOURCE_DATE_EPOCH alone, where that is set. The texts of the
// verbs are made Markdown in place: root is good for nothing else after it.
func manPages(root *cobra.Command, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	date := time.Now()
	if epoch := os.Getenv("SOURCE_DATE_EPOCH"); epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return cli.InputError("SOURCE_DATE_EPOCH=%q is no number of seconds", epoch)
		}
		date = time.Unix(seconds, 0)
	}
	date = date.UTC()
	root.DisableAutoGenTag = true
	asMarkdown(root, map[*pflag.Flag]bool{})
	return doc.GenManTree(root, &doc.GenManHeader{Section: "1", Date: &date, Source: "reprise " + cli.ToolInfo().Version, Manual: "Reprise"}, dir)
}

// asMarkdown makes the texts of a verb and those below it mean in Markdown what they say:
// cobra reads them as that for man pages. Flags that several verbs have are in done.
func asMarkdown(c *cobra.Command, done map[*pflag.Flag]bool) {
	c.Short, c.Long = literal(c.Short), paragraphs(c.Long)
	flag := func(f *pflag.Flag) {
		if !done[f] {
			f.Usage, done[f] = literal(f.Usage), true
		}
	}
	c.Flags().VisitAll(flag)
	c.PersistentFlags().VisitAll(flag)
	for _, sub := range c.Commands() {
		asMarkdown(sub, done)
	}
}

// literal takes its meaning from what would be markup.
func literal(text string) string {
	return strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "<", `\<`, "[", `\[`, "|", `\|`).Replace(text)
}

// paragraphs makes of a help text paragraphs, and of its indented lines what stays as it is.
func paragraphs(text string) string {
	var out strings.Builder
	inside := false
	for line := range strings.Lines(text) {
		indented := strings.HasPrefix(line, "  ")
		if blank := strings.TrimSpace(line) == ""; indented != inside && !blank {
			out.WriteString("\n")
			inside = indented
		}
		if indented {
			out.WriteString("    " + strings.TrimPrefix(line, "  "))
		} else {
			out.WriteString(literal(line))
		}
	}
	return out.String()
}

// reference is the reference of all verbs in Markdown, one section a verb, by groups.
func reference(root *cobra.Command) []byte {
	var list, texts bytes.Buffer
	groups := append(root.Groups(), &cobra.Group{Title: "Beside them:"})
	for _, g := range groups {
		fmt.Fprintf(&list, "\n**%s**\n\n", strings.TrimSuffix(g.Title, ":"))
		for _, c := range root.Commands() {
			if c.GroupID == g.ID {
				section(&list, &texts, c)
			}
		}
	}
	return fmt.Appendf(nil, `# The verbs of reprise

<!-- Written by `+"`make generate`"+` from the help of the program; change that. -->

%s

%s

Every verb takes:

`+"```\n%s```\n%s\n%s\n", root.Short+".", "`reprise VERB --help` prints the same, and `man reprise-VERB` after `make install`.",
		root.PersistentFlags().FlagUsages(), list.Bytes(), bytes.TrimSpace(texts.Bytes()))
}

// section adds a verb and those below it to the list of contents and to the texts.
func section(list, texts *bytes.Buffer, c *cobra.Command) {
	if !c.IsAvailableCommand() && c.Name() != "help" { // cobra does not count that one
		return
	}
	depth := strings.Count(c.CommandPath(), " ")
	fmt.Fprintf(list, "%s- [%s](#%s): %s\n", strings.Repeat("  ", depth-1), strings.TrimPrefix(c.CommandPath(), "reprise "),
		strings.ReplaceAll(c.CommandPath(), " ", "-"), literal(c.Short))
	help := c.Long
	if help == "" {
		help = c.Short + "."
	}
	if !c.HasSubCommands() {
		help += "\n\nUsage:\n  " + c.UseLine()
	}
	if c.Example != "" {
		help += "\n\nExamples:\n" + strings.TrimRight(c.Example, "\n")
	}
	if flags := c.LocalFlags().FlagUsages(); c.LocalFlags().HasAvailableFlags() {
		help += "\n\nFlags:\n" + strings.TrimRight(flags, "\n")
	}
	fmt.Fprintf(texts, "%s %s\n\n```\n%s\n```\n\n", strings.Repeat("#", min(depth+1, 3)), c.CommandPath(), help)
	for _, sub := range c.Commands() {
		section(list, texts, sub)
	}
}
