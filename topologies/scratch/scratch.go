// Package scratch makes folders for work in progress, and removes those that nobody will.
//
// What is unpacked, staged or cut there are runs and cases with configurations in them. A
// process that is killed cannot clean up: the name of such a folder says which process made
// it, so that [GC] can tell.
//
// It is a leaf: whoever needs a temporary folder for evidence uses it.
package scratch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

const prefix = "reprise-"

// mine matches the name of a folder: its kind, the process that made it, when that began (in
// clock ticks since the boot), and the boot.
var mine = regexp.MustCompile(`^` + prefix + `[a-z]+-([0-9]+)\.([0-9]+)\.([0-9a-f]{8})-[0-9]+$`)

// Make makes a folder that only this user can look into, below the system's folder for
// temporary files. kind is a word of small letters. The caller removes it.
func Make(kind string) (string, error) { return MakeIn("", kind) }

// MakeIn is Make below another folder; empty stands for the system's.
func MakeIn(parent, kind string) (string, error) {
	id, err := identity(os.Getpid())
	if err != nil {
		return "", fmt.Errorf("name a temporary folder: %w", err)
	}
	dir, err := os.MkdirTemp(parent, prefix+kind+"-"+id+"-")
	if err != nil {
		return "", fmt.Errorf("make a temporary folder: %w", err)
	}
	return dir, nil
}

// GC removes the folders of this user below the system's folder for temporary files whose
// processes have ended, and names them.
func GC() (removed []string, err error) {
	entries, err := os.ReadDir(os.TempDir())
	if err != nil {
		return nil, fmt.Errorf("look for temporary folders: %w", err)
	}
	var errs []error
	for _, e := range entries {
		m := mine.FindStringSubmatch(e.Name())
		if m == nil || !e.IsDir() {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // somebody else removed it meanwhile
		}
		if st, ok := info.Sys().(*syscall.Stat_t); !ok || int(st.Uid) != os.Getuid() {
			continue
		}
		pid, err := strconv.Atoi(m[1])
		if err != nil {
			continue
		}
		if id, err := identity(pid); err == nil && id == m[1]+"."+m[2]+"."+m[3] {
			continue // it is at work
		} else if err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, errEnded) {
			errs = append(errs, err)
			continue
		}
		path := filepath.Join(os.TempDir(), e.Name())
		if err := os.RemoveAll(path); err != nil {
			errs = append(errs, fmt.Errorf("remove a temporary folder: %w", err))
			continue
		}
		removed = append(removed, path)
	}
	return removed, errors.Join(errs...)
}

var errEnded = errors.New("the process has ended")

// identity tells processes with one pid apart: its start in this boot, and the boot.
func identity(pid int) (string, error) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		if errors.Is(err, syscall.ESRCH) {
			err = errEnded
		}
		return "", err
	}
	// The second field is a name in parentheses that may hold anything.
	text := string(stat)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	const state, startTime = 0, 19 // of the fields after the name
	if len(fields) <= startTime || fields[state] == "Z" || fields[state] == "X" {
		return "", errEnded
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("read the boot id: %w", err)
	}
	return fmt.Sprintf("%d.%s.%.8s", pid, fields[startTime], boot), nil
}
