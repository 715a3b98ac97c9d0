package known

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite" // the driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/reprise-lab/reprise/topologies/version"
)

const (
	dbVersion   = 1
	busyTimeout = time.Minute
	// A document of this many issues leaves the index in many pieces, which are then joined: a
	// search takes half the time after.
	manyIssues = 2000
)

// The tables. An issue's fix is its last one, as a key that sorts; scope is a word for its
// product, so that a search within a product is one search of the index.
const tables = `
CREATE TABLE documents (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE, sha256 TEXT NOT NULL, format TEXT NOT NULL, shape TEXT NOT NULL,
	vendor TEXT NOT NULL, product TEXT NOT NULL, release TEXT NOT NULL,
	imported INTEGER NOT NULL, issues INTEGER NOT NULL, unparsed INTEGER NOT NULL, builtin INTEGER NOT NULL
);
CREATE TABLE issues (
	id INTEGER PRIMARY KEY,
	document INTEGER NOT NULL REFERENCES documents(id),
	key TEXT NOT NULL, product TEXT NOT NULL, fixkey TEXT NOT NULL, data TEXT NOT NULL,
	scope TEXT NOT NULL, ids TEXT NOT NULL, title TEXT NOT NULL, feature TEXT NOT NULL, body TEXT NOT NULL, workaround TEXT NOT NULL
);
CREATE INDEX issues_document ON issues(document);
CREATE TABLE names (name TEXT NOT NULL, issue INTEGER NOT NULL, PRIMARY KEY (name, issue)) WITHOUT ROWID;
CREATE INDEX names_issue ON names(issue);
CREATE VIRTUAL TABLE words USING fts5(scope, ids, title, feature, body, workaround, content='issues', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2');
CREATE TRIGGER issue_in AFTER INSERT ON issues BEGIN
	INSERT INTO words(rowid, scope, ids, title, feature, body, workaround) VALUES (new.id, new.scope, new.ids, new.title, new.feature, new.body, new.workaround);
END;
CREATE TRIGGER issue_out AFTER DELETE ON issues BEGIN
	INSERT INTO words(words, rowid, scope, ids, title, feature, body, workaround) VALUES ('delete', old.id, old.scope, old.ids, old.title, old.feature, old.body, old.workaround);
	DELETE FROM names WHERE issue = old.id;
END;`

// DB is a database of known issues: one SQLite file. Several programs may use it at once.
type DB struct {
	db       *sql.DB
	path     string
	products *Products
}

// ErrNoDatabase is a file that is no database of known issues, or that cannot be made.
var ErrNoDatabase = errors.New("no database of known issues")

// DefaultPath is where a user's database is: below XDG_DATA_HOME or ~/.local/share.
func DefaultPath() (string, error) {
	dir := os.Getenv("XDG_DATA_HOME")
	if !filepath.IsAbs(dir) {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("%w: %w", ErrNoDatabase, err)
		}
		dir = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(dir, "reprise", "known.db"), nil
}

// Open opens a database, and makes it when it is not there. The issues that come with the
// program are in it, in the version that this program has.
func Open(ctx context.Context, path string, products *Products) (*DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoDatabase, err)
	}
	q := url.Values{
		"_txlock": {"immediate"},
		"_pragma": {fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()), "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)", "trusted_schema(0)"},
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoDatabase, err)
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: abs, RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoDatabase, err)
	}
	db.SetMaxOpenConns(1)
	d := &DB{db: db, path: path, products: products.orNone()}
	if err := d.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %s: %w", ErrNoDatabase, path, err), db.Close())
	}
	return d, nil
}

// Path is the file.
func (d *DB) Path() string { return d.path }

// Close closes the file.
func (d *DB) Close() error { return d.db.Close() }

// reach opens the file. To put a new one into the mode in which nobody waits for readers fails at
// once while another program does so too: SQLite asks no busy handler there (sqlite3_busy_handler).
func (d *DB) reach(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, busyTimeout)
	defer cancel()
	for wait := time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		err := d.db.PingContext(ctx)
		if e, ok := errors.AsType[*sqlite.Error](err); !ok || e.Code()&0xff != sqlite3.SQLITE_BUSY {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
	}
}

func (d *DB) prepare(ctx context.Context) error {
	if err := d.reach(ctx); err != nil {
		return err
	}
	var have int
	if err := d.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return err
	}
	if have > dbVersion {
		return fmt.Errorf("it was made by a newer version of this program (format %d)", have)
	}
	if have == 0 {
		if err := d.tx(ctx, migrate); err != nil {
			return err
		}
	}
	return d.loadBuiltin(ctx)
}

// migrate makes the tables, unless another program just did.
func migrate(ctx context.Context, tx *sql.Tx) error {
	var have, foreign int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil || have != 0 {
		return err
	}
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master").Scan(&foreign); err != nil {
		return err
	}
	if foreign > 0 {
		return errors.New("the file holds something else")
	}
	if _, err := tx.ExecContext(ctx, tables); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", dbVersion))
	return err
}

func (d *DB) tx(ctx context.Context, do func(context.Context, *sql.Tx) error) error {
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(ctx, tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// Imported says what an import changed.
type Imported struct {
	Document string `json:"document"`
	Added    int    `json:"added"`
	Changed  int    `json:"changed"`
	Same     int    `json:"same"`
	Removed  int    `json:"removed"` // issues that are no longer in the document
	// Renamed is the name under which the same file was imported before.
	Renamed string `json:"renamed,omitempty"`
}

// Import puts a document's issues in, in place of those that an earlier import of it left:
// all of them or, when it is broken off, none. A document is the same by its name, or by its
// content under another name.
func (d *DB) Import(ctx context.Context, doc Document) (Imported, error) {
	var out Imported
	err := d.tx(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		out, err = importInto(ctx, tx, doc, false)
		return err
	})
	if err != nil { // a statement that is closed because ctx ended says just that
		return out, fmt.Errorf("import %s: %w", doc.Name, errors.Join(err, ctx.Err()))
	}
	return out, nil
}

func importInto(ctx context.Context, tx *sql.Tx, doc Document, builtin bool) (Imported, error) {
	out := Imported{Document: doc.Name}
	id, err := documentRow(ctx, tx, doc, builtin, &out)
	if err != nil {
		return out, err
	}
	before, err := issuesBefore(ctx, tx, id)
	if err != nil {
		return out, err
	}
	insert, err := tx.PrepareContext(ctx, "INSERT INTO issues (document, key, product, fixkey, data, scope, ids, title, feature, body, workaround) VALUES (?,?,?,?,?,?,?,?,?,?,?)")
	if err != nil {
		return out, err
	}
	defer insert.Close() //nolint:errcheck // the transaction tells what went wrong
	name, err := tx.PrepareContext(ctx, "INSERT OR IGNORE INTO names (name, issue) VALUES (?,?)")
	if err != nil {
		return out, err
	}
	defer name.Close() //nolint:errcheck // the transaction tells what went wrong
	for _, i := range doc.Issues {
		i.Source.Document, i.Source.SHA256 = doc.Name, doc.SHA256
		data, err := json.Marshal(i)
		if err != nil {
			return out, err
		}
		old, there := before[i.Key]
		delete(before, i.Key)
		switch {
		case there && old.same(i):
			out.Same++
		case there:
			out.Changed++
		default:
			out.Added++
		}
		if there {
			if _, err := tx.ExecContext(ctx, "DELETE FROM issues WHERE id = ?", old.id); err != nil {
				return out, err
			}
		}
		if err := insertIssue(ctx, insert, name, id, i, string(data)); err != nil {
			return out, err
		}
	}
	for _, old := range before {
		out.Removed++
		if _, err := tx.ExecContext(ctx, "DELETE FROM issues WHERE id = ?", old.id); err != nil {
			return out, err
		}
	}
	if len(doc.Issues) >= manyIssues {
		_, err = tx.ExecContext(ctx, "INSERT INTO words(words) VALUES ('optimize')")
	}
	return out, err
}

func insertIssue(ctx context.Context, insert, name *sql.Stmt, document int64, i Issue, data string) error {
	res, err := insert.ExecContext(ctx, document, i.Key, i.Product, fixKey(i), data,
		scopeWords(i.products()), strings.Join(append([]string{i.Key}, i.IDs...), " "), i.Title, i.Feature+" "+i.Platform, i.Text, i.Workaround)
	if err != nil {
		return err
	}
	row, err := res.LastInsertId()
	if err != nil {
		return err
	}
	for _, n := range append([]string{i.Key}, i.IDs...) {
		if _, err := name.ExecContext(ctx, canonical(n), row); err != nil {
			return err
		}
	}
	return nil
}

func scopeWords(products []string) string {
	var words []string
	for _, p := range products {
		words = append(words, scopeWord(p))
	}
	return strings.Join(words, " ")
}

// scopeWord is one word for a product, which no text holds.
func scopeWord(product string) string {
	return "scopeof" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, product)
}

// fixKey is the key of the newest fix, of whichever product.
func fixKey(i Issue) string {
	key := ""
	for _, f := range i.Fixed {
		if v, err := version.Parse(f.Version); err == nil {
			key = max(key, v.Key())
		}
	}
	return key
}

// documentRow makes or finds the row of a document.
func documentRow(ctx context.Context, tx *sql.Tx, doc Document, builtin bool, out *Imported) (int64, error) {
	var id int64
	var was string
	err := tx.QueryRowContext(ctx, "SELECT id, name FROM documents WHERE name = ? OR (sha256 = ? AND builtin = 0) ORDER BY name = ? DESC LIMIT 1", doc.Name, doc.SHA256, doc.Name).Scan(&id, &was)
	product, release := doc.Product, doc.Release
	args := []any{doc.Name, doc.SHA256, doc.Format, doc.Shape, doc.Vendor, product, release, time.Now().UnixNano(), len(doc.Issues), len(doc.Unparsed), builtin}
	switch {
	case errors.Is(err, sql.ErrNoRows):
		res, err := tx.ExecContext(ctx, "INSERT INTO documents (name, sha256, format, shape, vendor, product, release, imported, issues, unparsed, builtin) VALUES (?,?,?,?,?,?,?,?,?,?,?)", args...)
		if err != nil {
			return 0, err
		}
		return res.LastInsertId()
	case err != nil:
		return 0, err
	}
	if was != doc.Name {
		out.Renamed = was
	}
	_, err = tx.ExecContext(ctx, "UPDATE documents SET name=?, sha256=?, format=?, shape=?, vendor=?, product=?, release=?, imported=?, issues=?, unparsed=?, builtin=? WHERE id=?", append(args, id)...)
	return id, err
}

type oldIssue struct {
	id   int64
	data string
}

// same reports whether nothing but the place in the document changed.
func (o oldIssue) same(i Issue) bool {
	var was Issue
	if json.Unmarshal([]byte(o.data), &was) != nil {
		return false
	}
	was.Source, i.Source = Source{Note: was.Source.Note}, Source{Note: i.Source.Note}
	a, errA := json.Marshal(was)
	b, errB := json.Marshal(i)
	return errA == nil && errB == nil && string(a) == string(b)
}

func issuesBefore(ctx context.Context, tx *sql.Tx, document int64) (map[string]oldIssue, error) {
	rows, err := tx.QueryContext(ctx, "SELECT id, key, data FROM issues WHERE document = ?", document)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // Err tells
	before := map[string]oldIssue{}
	for rows.Next() {
		var o oldIssue
		var key string
		if err := rows.Scan(&o.id, &key, &o.data); err != nil {
			return nil, err
		}
		before[key] = o
	}
	return before, rows.Err()
}

// DocumentInfo is a document that was imported.
type DocumentInfo struct {
	Name     string    `json:"name"`
	SHA256   string    `json:"sha256"`
	Format   string    `json:"format"`
	Shape    string    `json:"shape"`
	Vendor   string    `json:"vendor,omitempty"`
	Product  string    `json:"product,omitempty"`
	Release  string    `json:"release,omitempty"`
	Imported time.Time `json:"imported"`
	Issues   int       `json:"issues"`
	Unparsed int       `json:"unparsed"`
	Builtin  bool      `json:"builtin,omitempty"` // it comes with the program
}

// Documents lists what was imported, by name.
func (d *DB) Documents(ctx context.Context) ([]DocumentInfo, error) {
	rows, err := d.db.QueryContext(ctx, "SELECT name, sha256, format, shape, vendor, product, release, imported, issues, unparsed, builtin FROM documents ORDER BY builtin DESC, name")
	if err != nil {
		return nil, fmt.Errorf("list documents: %w", err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	var list []DocumentInfo
	for rows.Next() {
		var i DocumentInfo
		var at int64
		if err := rows.Scan(&i.Name, &i.SHA256, &i.Format, &i.Shape, &i.Vendor, &i.Product, &i.Release, &at, &i.Issues, &i.Unparsed, &i.Builtin); err != nil {
			return nil, fmt.Errorf("list documents: %w", err)
		}
		i.Imported = time.Unix(0, at).UTC()
		list = append(list, i)
	}
	return list, rows.Err()
}

// Remove takes a document and its issues out; false when it is not there.
func (d *DB) Remove(ctx context.Context, name string) (bool, error) {
	there := false
	err := d.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var id int64
		err := tx.QueryRowContext(ctx, "SELECT id FROM documents WHERE name = ? AND builtin = 0", name).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		there = err == nil
		for _, q := range []string{"DELETE FROM issues WHERE document = ?", "DELETE FROM documents WHERE id = ?"} {
			if err == nil {
				_, err = tx.ExecContext(ctx, q, id)
			}
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("remove %s: %w", name, err)
	}
	return there, nil
}

// Show finds the issues of an id or a key, in every document that has it.
func (d *DB) Show(ctx context.Context, id string) ([]Issue, error) {
	return d.issues(ctx, "SELECT data FROM issues WHERE id IN (SELECT issue FROM names WHERE name = ?) ORDER BY id", canonical(id))
}

func (d *DB) issues(ctx context.Context, query string, args ...any) ([]Issue, error) {
	rows, err := d.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read issues: %w", err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	var list []Issue
	for rows.Next() {
		var data string
		if err := rows.Scan(&data); err != nil {
			return nil, fmt.Errorf("read issues: %w", err)
		}
		var i Issue
		if err := json.Unmarshal([]byte(data), &i); err != nil {
			return nil, fmt.Errorf("read issues: %w", err)
		}
		list = append(list, i)
	}
	return list, rows.Err()
}
