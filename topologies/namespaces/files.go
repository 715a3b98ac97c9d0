package namespaces

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/images/store"
	"github.com/reprise-lab/reprise/topologies/plain"
	"github.com/reprise-lab/reprise/topologies/userns"
)

// What nodes with the label topologies.LabelDisk write is kept in a folder beside that of the run,
// whose files are of ids that only a namespace has. Nothing on a disk ends by itself: a note in the
// user's cache says where the folder is, and is locked for as long as the owner or the supervisor of
// the lab lives. What nobody has locked is left over.

// folderName is how such a folder begins; behind it is the lab, and what tells two of a name apart.
const folderName = ".reprise-files-"

// folder keeps what nodes of a lab write.
type folder struct {
	path string
	note *os.File // locked; the supervisor has it too
}

// notes is the folder of the notes.
func notes() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a place for notes: %w", err)
	}
	return filepath.Join(cache, "reprise", "files"), nil
}

// keepFiles makes the folder where a node of the lab needs it.
func (l *lab) keepFiles() (err error) {
	var need int64
	for _, n := range l.order {
		if n.spec.OnDisk {
			need += n.spec.Disk
		}
	}
	if need > 0 {
		l.files, err = keepOnDisk(l.ID(), l.options.Dir, need, l.mapping)
	}
	return err
}

// keepOnDisk makes the folder for a lab, beside that of its run or else below that of the notes. What
// was made is returned with the error.
func keepOnDisk(lab, run string, need int64, m userns.Mapping) (f *folder, err error) {
	dir, err := notes()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("keep files on disk: %w", err)
	}
	beside := dir
	if run != "" {
		if beside, err = filepath.Abs(filepath.Dir(run)); err != nil {
			return nil, fmt.Errorf("keep files on disk: %w", err)
		}
	}
	name := lab + "-" + rand.Text()[:8]
	f = &folder{path: filepath.Join(beside, folderName+name)}
	if f.note, err = note(filepath.Join(dir, name), f.path); err != nil {
		return nil, err
	}
	uid, gid := m.Root()
	if err = os.Mkdir(f.path, 0o700); err == nil {
		err = errors.Join(carries(f.path), roomFor(f.path, need))
	}
	if err == nil {
		err = os.Chown(f.path, uid, gid)
	}
	if err != nil {
		return f, fmt.Errorf("keep files on disk: %w", err)
	}
	return f, nil
}

// note writes a note, which appears whole and locked.
func note(path, text string) (*os.File, error) {
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("note where files are: %w", err)
	}
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Sync() // so that no note is empty after a crash
	}
	if err == nil {
		err = unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB)
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("note where files are: %w", err), os.Remove(path+".new"), f.Close())
	}
	return f, nil
}

// attribute is one of those with which an overlay of a user namespace notes what it hides
// (Documentation/filesystems/overlayfs.rst, userxattr).
const attribute = "user.overlay.origin"

// carries says why the file system of a folder cannot carry what nodes write over their images.
func carries(dir string) error {
	err := unix.Setxattr(dir, attribute, []byte{0}, 0)
	if err == nil {
		return unix.Removexattr(dir, attribute)
	}
	return uncarried(dir, err)
}

// uncarried is the error of such a file system.
func uncarried(dir string, err error) error {
	return &topologies.MissingError{
		What: "ability of a file system", Name: "to carry the files of nodes", Hint: fmt.Sprintf("%s, label %s: %v; "+
			"ext4, xfs, btrfs and tmpfs carry them (an overlay with userxattr), network file systems and overlays do not: put the run elsewhere, or leave the label out", dir, topologies.LabelDisk, err),
	}
}

// roomFor says whether so many bytes may be written on the file system of a folder.
func roomFor(dir string, need int64) error {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return fmt.Errorf("ask how much room there is at %s: %w", dir, err)
	}
	free := int64(fs.Bavail-min(fs.Bavail, spare(&fs))) * fs.Bsize //nolint:gosec // bytes of a disk
	if need <= free {
		return nil
	}
	return &topologies.MissingError{What: "room", Name: size(need) + " at " + filepath.Dir(dir), Hint: fmt.Sprintf("%s may be written there: give the nodes less (label %s), or put the run elsewhere", size(free), topologies.LabelDisk)}
}

// remove removes the folder, when nothing of the lab is any more, and the note behind it.
func (f *folder) remove(ctx context.Context, m userns.Mapping) error {
	return errors.Join(removeNoted(ctx, m, f.note), ignoreClosed(f.note.Close()))
}

// maxNote bounds what is read of a note, in bytes.
const maxNote = 1 << 16

// removeNoted removes what a note tells of, and the note. Where it cannot tell whether that is still
// there the error is a *topologies.AwayError, and the note stays.
func removeNoted(ctx context.Context, m userns.Mapping, note *os.File) error {
	text := make([]byte, maxNote)
	n, err := note.ReadAt(text, 0)
	if err != nil && n == 0 {
		return fmt.Errorf("read where files are: %w", err)
	}
	path := string(text[:n])
	if !filepath.IsAbs(path) || !strings.HasPrefix(filepath.Base(path), folderName) {
		return fmt.Errorf("note %s names %q, which is no folder of a lab", note.Name(), path)
	}
	noted := strings.TrimSuffix(note.Name(), ".new") // as which it was made
	err = os.Remove(path)                            // it is empty until it is the namespace's
	if errors.Is(err, fs.ErrNotExist) {
		_, err = os.Stat(filepath.Dir(path))
		if errors.Is(err, fs.ErrNotExist) { // it may be on a disk that is not mounted now
			return &topologies.AwayError{Path: path, Note: noted}
		}
	} else if err != nil {
		err = store.Clear(ctx, m, path)
	}
	if err != nil {
		return err
	}
	return os.Remove(noted)
}

// unfinishedAge is when a note that never became one is taken for left.
const unfinishedAge = time.Hour

// emptyAge is when a note that says nothing is taken for what a crash of the machine has left of one.
const emptyAge = 24 * time.Hour

// sweepFiles removes what labs that match have left on disk that nobody has locked, and names the labs.
func sweepFiles(ctx context.Context, match func(lab string) bool) (removed []string, err error) {
	dir, err := notes()
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || len(entries) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for files of labs: %w", err)
	}
	m, err := userns.Find()
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if strings.HasSuffix(path, ".new") { // nothing was made yet
			if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > unfinishedAge {
				errs = append(errs, ignoreGone(os.Remove(path)))
			}
			continue
		}
		lab := e.Name()[:max(strings.LastIndexByte(e.Name(), '-'), 0)]
		if e.IsDir() || !match(lab) { // what a note beside it tells of, or another run's
			continue
		}
		gone, err := sweepNote(ctx, m, path)
		errs = append(errs, err)
		if gone {
			removed = append(removed, lab)
		}
	}
	return removed, errors.Join(errs...)
}

// sweepNote removes what a note tells of if nobody has locked it.
func sweepNote(ctx context.Context, m userns.Mapping, path string) (gone bool, err error) {
	f, err := plain.Open(path)
	if err != nil {
		return false, ignoreGone(err)
	}
	defer f.Close() //nolint:errcheck // its lock ends with it
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return false, nil // the lab is up
	}
	if info, err := f.Stat(); err != nil || info.Size() == 0 {
		if err == nil && time.Since(info.ModTime()) > emptyAge {
			err = os.Remove(path)
		}
		return false, ignoreGone(err)
	}
	if err := removeNoted(ctx, m, f); err != nil {
		return false, ignoreGone(err)
	}
	return true, nil
}

// ignoreGone takes what somebody else has removed meanwhile for removed.
func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// written is how much a node keeps on a disk, in bytes and in files; what it has deleted and not closed
// is not seen. It is counted until it is more than may be.
func written(dir string, may int64, mayFiles uint64) (bytes int64, files uint64, err error) {
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		var info fs.FileInfo
		if err == nil {
			info, err = e.Info()
		}
		if errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ENXIO) { // something else is in its place by now
			return nil
		}
		if err != nil {
			return ignoreGone(err)
		}
		files++
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			bytes += st.Blocks * 512
		}
		if bytes > may || files > mayFiles {
			return fs.SkipAll
		}
		return nil
	})
	return bytes, files, err
}
