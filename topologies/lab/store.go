package lab

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"
)

const (
	dbName    = "leases.db"
	dbVersion = 1
	// lockTimeout bounds the wait for the file's lock; transactions here take milliseconds.
	lockTimeout = 30 * time.Second
	// Looks for the lock begin close together and draw apart. SQLite's own waiting sleeps
	// for up to 100 ms, so it is left 1 ms.
	minLockWait, maxLockWait = time.Millisecond, 8 * time.Millisecond
)

// The tables. A claim is a lease, or with waiting = 1 somebody in the queue; times are
// nanoseconds, of the Unix epoch or with _boot of the boot clock.
const tables = `
CREATE TABLE claims (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	id TEXT NOT NULL UNIQUE,
	waiting INTEGER NOT NULL,
	owner TEXT NOT NULL, host TEXT NOT NULL, boot TEXT NOT NULL, pid INTEGER NOT NULL, start INTEGER NOT NULL,
	purpose TEXT NOT NULL, run TEXT NOT NULL, priority INTEGER NOT NULL, request TEXT NOT NULL,
	since INTEGER NOT NULL, until INTEGER NOT NULL, renewed INTEGER NOT NULL, grace INTEGER NOT NULL,
	since_boot INTEGER NOT NULL, until_boot INTEGER NOT NULL, renewed_boot INTEGER NOT NULL
);
CREATE TABLE leased (device TEXT PRIMARY KEY, claim TEXT NOT NULL REFERENCES claims(id) ON DELETE CASCADE);
CREATE TABLE quarantine (device TEXT PRIMARY KEY, since INTEGER NOT NULL, owner TEXT NOT NULL, run TEXT NOT NULL, reason TEXT NOT NULL);
CREATE TABLE history (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	at INTEGER NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, device TEXT NOT NULL, claim TEXT NOT NULL, reason TEXT NOT NULL
);`

// store is the SQLite file. Every transaction takes the write lock at its begin, so what
// it reads is what it changes.
type store struct {
	db *sql.DB
	// What every transaction reads, parsed once.
	claims, leased, quarantine *sql.Stmt
}

func openStore(ctx context.Context, folder string) (*store, error) {
	if err := os.MkdirAll(folder, 0o770); err != nil {
		return nil, fmt.Errorf("make state folder: %w", err)
	}
	path := filepath.Join(folder, dbName)
	if err := create(ctx, path); err != nil {
		return nil, err
	}
	s, err := openFile(path)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	if err := s.tx(ctx, check); err != nil {
		return nil, errors.Join(fmt.Errorf("open leases %s: %w", path, err), s.close())
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open leases %s: %w", path, err), s.close())
	}
	return s, nil
}

func (s *store) prepare(ctx context.Context) error {
	for text, to := range map[string]**sql.Stmt{
		"SELECT " + claimColumns + " FROM claims ORDER BY priority DESC, seq": &s.claims,
		"SELECT device, claim FROM leased ORDER BY device":                    &s.leased,
		"SELECT device, since, owner, run, reason FROM quarantine":            &s.quarantine,
	} {
		// Preparing reads the tables, which somebody may have locked.
		err := s.retry(ctx, func(ctx context.Context) (err error) {
			*to, err = s.db.PrepareContext(ctx, text)
			return err
		})
		if err != nil {
			return fmt.Errorf("prepare to read: %w", err)
		}
	}
	return nil
}

// openFile opens the file, whose tables must be there before anything is asked.
func openFile(path string) (*store, error) {
	q := url.Values{
		"_txlock": {"immediate"},
		"_pragma": {"busy_timeout(1)", "journal_mode(TRUNCATE)", "synchronous(FULL)", "foreign_keys(1)"},
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("open leases: %w", err)
	}
	db.SetMaxOpenConns(1)
	return &store{db: db}, nil
}

// create makes the file where there is none, with its tables and with the rights of its
// folder, so that a folder that a group shares has a file that the group shares. It takes its
// name when it is whole: an empty file under that name was emptied, and says nothing of what
// is leased.
func create(ctx context.Context, path string) (err error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return fmt.Errorf("open leases %s: it is no regular file", path)
	case !errors.Is(err, os.ErrNotExist):
		return err
	}
	name := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s-%d-%08x", dbName, os.Getpid(), rand.Uint32())) //nolint:gosec // a name that must only be new: O_EXCL sees to that
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o660)
	if err != nil {
		return fmt.Errorf("make leases: %w", err)
	}
	defer func() {
		for _, suffix := range []string{"", "-journal"} {
			if gone := os.Remove(name + suffix); gone != nil && !errors.Is(gone, os.ErrNotExist) {
				err = errors.Join(err, gone)
			}
		}
	}()
	if err := errors.Join(share(name), f.Close()); err != nil {
		return fmt.Errorf("make leases: %w", err)
	}
	s, err := openFile(name)
	if err != nil {
		return err
	}
	err = s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, tables+fmt.Sprintf("PRAGMA user_version = %d", dbVersion))
		return err
	})
	if err := errors.Join(err, s.close()); err != nil {
		return fmt.Errorf("make leases: %w", err)
	}
	if err := os.Link(name, path); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("make leases: %w", err)
	}
	return nil
}

// share gives the group what it may do in the folder.
func share(path string) error {
	dir, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("look at folder: %w", err)
	}
	if dir.Mode()&0o020 == 0 {
		return nil
	}
	mode := os.FileMode(0o660)
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		mode = 0o770 | dir.Mode()&os.ModeSetgid
	}
	if err := os.Chmod(path, mode); err != nil {
		return fmt.Errorf("share with the group: %w", err)
	}
	return nil
}

// check looks whether the tables are those that this program knows.
func check(ctx context.Context, tx *sql.Tx) error {
	var version int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return fmt.Errorf("read version: %w", err)
	}
	switch version {
	case dbVersion:
		return nil
	case 0:
		return errEmptied
	default:
		return fmt.Errorf("it is of version %d, this program knows %d", version, dbVersion)
	}
}

// errEmptied says that nothing is in the file, and so nobody can tell what is leased.
var errEmptied = errors.New("it holds no leases, not even that all is free: it was emptied or is another file; make sure that nobody uses the lab, look at reprise lab restore, and remove it")

func (s *store) close() error {
	var errs []error
	for _, st := range []*sql.Stmt{s.claims, s.leased, s.quarantine} {
		if st != nil {
			errs = append(errs, st.Close())
		}
	}
	return errors.Join(append(errs, s.db.Close())...)
}

// tx runs f in one transaction that holds the write lock from its begin to its end. f may
// be called again when the lock could not be had or the commit was refused.
func (s *store) tx(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	return s.retry(ctx, func(ctx context.Context) error { return s.try(ctx, f) })
}

// retry calls f until somebody else's lock is not in its way.
func (s *store) retry(ctx context.Context, f func(context.Context) error) error {
	for wait := minLockWait; ; wait = min(2*wait, maxLockWait) {
		err := f(ctx)
		if !isBusy(err) {
			return err
		}
		if !pause(ctx, wait+rand.N(wait)) { //nolint:gosec // it only keeps waiters out of step
			return fmt.Errorf("wait for the lock of the leases: %w", ctx.Err())
		}
	}
}

func (s *store) try(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("lock leases: %w", err)
	}
	if err := f(ctx, tx); err != nil {
		if rerr := tx.Rollback(); rerr != nil && !errors.Is(rerr, sql.ErrTxDone) {
			err = errors.Join(err, fmt.Errorf("roll back: %w", rerr))
		}
		return err
	}
	if err := tx.Commit(); err != nil {
		return errors.Join(fmt.Errorf("write leases: %w", err), s.rollBack(tx))
	}
	return nil
}

// rollBack ends a transaction whose commit failed, unless that ended it.
func (s *store) rollBack(tx *sql.Tx) error {
	if err := tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return fmt.Errorf("roll back: %w", err)
	}
	return nil
}

func isBusy(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && (e.Code()&0xff == sqlitelib.SQLITE_BUSY || e.Code()&0xff == sqlitelib.SQLITE_LOCKED)
}
