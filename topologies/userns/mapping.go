package userns

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"

	"github.com/reprise-lab/reprise/topologies"
)

// Range is a row of ids.
type Range struct{ Inside, Outside, Count int }

// Mapping says which ids of this machine those of a namespace are.
type Mapping struct {
	Users, Groups []Range
	// Single says that there is one user and one group: files of others cannot be made, and
	// daemons cannot give up root's rights.
	Single bool

	helpers bool // newuidmap and newgidmap write it
}

const (
	// ids is how many a namespace has, where it can.
	ids = 1 << 16
	// rootRange begins where systemd's list of ids leaves those that nobody uses
	// (UIDS-GIDS.md: from 1879048192 on).
	rootRange = 0x70000000
)

// Find chooses the mapping of this process's namespaces. Where there can be none, the error is
// a *topologies.MissingError.
func Find() (Mapping, error) {
	if os.Geteuid() == 0 {
		return ofRoot()
	}
	return ofUser()
}

// ofRoot maps the namespace to ids that no user of the machine has.
func ofRoot() (Mapping, error) {
	all := []Range{{0, rootRange, ids}}
	for _, file := range []string{"/proc/self/uid_map", "/proc/self/gid_map"} {
		there, err := readMap(file)
		if err != nil {
			return Mapping{}, err
		}
		if !covers(there, rootRange, ids) {
			return Mapping{}, &topologies.MissingError{
				What: "range of ids", Name: fmt.Sprintf("%d to %d", rootRange, rootRange+ids-1),
				Hint: "this is root of a container, whose ids are few: start it with all ids of the machine, or use an ordinary user",
			}
		}
	}
	return Mapping{Users: all, Groups: all}, nil
}

// ofUser maps root to this user and the rest to the user's subordinate ids.
func ofUser() (Mapping, error) {
	me, err := user.Current()
	if err != nil {
		return Mapping{}, fmt.Errorf("ask who this is: %w", err)
	}
	uids, err := subordinate("/etc/subuid", me)
	if err != nil {
		return Mapping{}, err
	}
	gids, err := subordinate("/etc/subgid", me)
	if err != nil {
		return Mapping{}, err
	}
	single := Mapping{Users: []Range{{0, os.Geteuid(), 1}}, Groups: []Range{{0, os.Getegid(), 1}}, Single: true}
	if len(uids) == 0 || len(gids) == 0 || !installed() {
		return single, nil
	}
	return Mapping{Users: append(single.Users, uids...), Groups: append(single.Groups, gids...), helpers: true}, nil
}

// installed says whether the programs are there that map subordinate ids.
func installed() bool {
	_, users := exec.LookPath("newuidmap")
	_, groups := exec.LookPath("newgidmap")
	return users == nil && groups == nil
}

// subordinate reads the ranges that a file of subuid(5) gives a user, laid one after the other
// from id 1 on.
func subordinate(file string, who *user.User) ([]Range, error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read subordinate ids: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	var list []Range
	next := 1
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Split(strings.TrimSpace(lines.Text()), ":")
		if len(fields) != 3 || fields[0] != who.Username && fields[0] != who.Uid {
			continue
		}
		first, err := strconv.Atoi(fields[1])
		count, err2 := strconv.Atoi(fields[2])
		if err != nil || err2 != nil || first <= 0 || count <= 0 {
			continue // not ours to judge; newuidmap reads the file too
		}
		count = min(count, ids-next)
		if count > 0 {
			list = append(list, Range{next, first, count})
			next += count
		}
	}
	return list, nil
}

// readMap reads a map as /proc shows it.
func readMap(file string) ([]Range, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the ids of this process: %w", err)
	}
	var list []Range
	for line := range strings.Lines(string(data)) {
		var r Range
		if _, err := fmt.Sscan(line, &r.Inside, &r.Outside, &r.Count); err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
		list = append(list, r)
	}
	return list, nil
}

// covers says whether ids exist in a namespace.
func covers(m []Range, first, count int) bool {
	for _, r := range m {
		if first >= r.Inside && first+count <= r.Inside+min(r.Count, math.MaxUint32) {
			return true
		}
	}
	return false
}

// lines gives a map as the kernel takes it.
func lines(m []Range) string {
	var text strings.Builder
	for _, r := range m {
		fmt.Fprintf(&text, "%d %d %d\n", r.Inside, r.Outside, r.Count)
	}
	return text.String()
}

// Root gives the user and the group of this machine that root of the namespace is.
func (m Mapping) Root() (uid, gid int) { return m.Users[0].Outside, m.Groups[0].Outside }
