package known

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"slices"
)

//go:embed data/*.csv
var data embed.FS

// builtinPrefix marks the names of documents that come with the program.
const builtinPrefix = "builtin:"

// Builtin reads the issues that come with the program: facts from public release notes,
// field notices, CVE records, changelogs and pull requests, in our words, with their source.
func Builtin(products *Products) ([]Document, error) {
	names, err := fs.Glob(data, "data/*.csv")
	if err != nil {
		return nil, fmt.Errorf("read own issues: %w", err)
	}
	var docs []Document
	for _, n := range names {
		text, err := data.ReadFile(n)
		if err != nil {
			return nil, fmt.Errorf("read own issues: %w", err)
		}
		d, err := ReadDocument(n, text, ReadOptions{Products: products})
		if err != nil {
			return nil, fmt.Errorf("read own issues: %w", err)
		}
		d.Name = builtinPrefix + d.Name
		docs = append(docs, d)
	}
	return docs, nil
}

// loadBuiltin brings what comes with the program up to date. What the user imported stays.
func (d *DB) loadBuiltin(ctx context.Context) error {
	docs, err := Builtin(d.products)
	if err != nil {
		return err
	}
	have, err := d.Documents(ctx)
	if err != nil {
		return err
	}
	stale := slices.DeleteFunc(slices.Clone(docs), func(doc Document) bool {
		return slices.ContainsFunc(have, func(h DocumentInfo) bool { return h.Builtin && h.Name == doc.Name && h.SHA256 == doc.SHA256 })
	})
	if len(stale) == 0 {
		return nil
	}
	return d.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, doc := range stale {
			if _, err := importInto(ctx, tx, doc, true); err != nil {
				return err
			}
		}
		return nil
	})
}
