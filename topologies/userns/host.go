package userns

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Host is a machine as its files show it, with the user who would make namespaces there. [ThisHost]
// gives the one that this runs on.
type Host struct {
	Root    string // folder that the machine's files are beneath
	RootUID int    // whose its own files are: 0, but in a folder that stands for a machine
	UID     int
	User    string // empty: nobody knows who, beyond that it is an ordinary user
	Program string // the path of this program
	// Find gives the path of a program of the machine's.
	Find func(program string) (string, error)
	// Run runs one as root.
	Run func(ctx context.Context, argv ...string) error
}

// ThisHost is this machine, with the user of this process.
func ThisHost() Host {
	h := Host{Root: "/", UID: os.Geteuid(), Find: exec.LookPath, Run: run}
	if me, err := user.Current(); err == nil {
		h.User = me.Username
	}
	if program, err := os.Executable(); err == nil {
		h.Program = program
	}
	return h
}

func run(ctx context.Context, argv ...string) error {
	if out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).CombinedOutput(); err != nil { //nolint:gosec // our own arguments
		return fmt.Errorf("%s: %w: %s", argv[0], err, strings.TrimSpace(string(out)))
	}
	return nil
}

// ForUsers is the same machine for the ordinary user who called sudo, or whoever else there is,
// where this is root's.
func (h Host) ForUsers() Host {
	if h.UID != 0 {
		return h
	}
	h.UID, h.User = 65534, ""
	if uid, err := strconv.Atoi(os.Getenv("SUDO_UID")); err == nil && uid > 0 {
		h.UID, h.User = uid, os.Getenv("SUDO_USER")
	}
	return h
}

func (h Host) path(file string) string { return filepath.Join(h.Root, file) }

// is says that a file of one line holds this.
func (h Host) is(file, line string) bool {
	text, err := os.ReadFile(h.path(file))
	return err == nil && strings.TrimSpace(string(text)) == line
}

// Refusal is one thing of the machine that stands in the way of user namespaces.
type Refusal struct {
	Reason string
	Allow  string // what to do about it by hand
	// Partly says that there are namespaces all the same, whose only user is root.
	Partly bool
	// Ports says that all is there but the ports of switches in user space (Open vSwitch).
	Ports bool

	cure func(ctx context.Context, h Host) error // nil: there is none from here
	does string                                  // what cure does
}

// Curable says whether Fix does something about it.
func (r Refusal) Curable() bool { return r.cure != nil }

// Refusals lists all that is known to stand in the way, what forbids namespaces first.
func (h Host) Refusals() []Refusal {
	var list []Refusal
	if _, err := os.Stat(h.path("/proc/self/ns/user")); err != nil {
		return []Refusal{{Reason: "the kernel has none (CONFIG_USER_NS)", Allow: "another kernel"}}
	}
	for _, find := range []func(Host) (Refusal, bool){bounded, restrictedByDebian, restrictedByAppArmor, maskedProc, withoutHelpers, withoutRights, withoutIDs, closedTUN} {
		if r, found := find(h); found {
			list = append(list, r)
		}
	}
	return list
}

// Forbidden says what of this machine forbids user namespaces to this process, and how to allow
// them; empty where nothing that is known does.
func Forbidden() (reason, allow string) {
	for _, r := range ThisHost().Refusals() {
		if !r.Partly && !r.Ports {
			return r.Reason, r.Allow
		}
	}
	return "", ""
}

// why puts that in one sentence.
func why() string {
	if reason, allow := Forbidden(); reason != "" {
		return reason + "; to allow them: " + allow
	}
	return "the machine, or the container that this runs in, refuses them"
}

// bySysctl is a refusal by a setting of the kernel.
func bySysctl(name, value, reason string) Refusal {
	return Refusal{
		Reason: reason, Allow: "as root: sysctl -w " + name + "=" + value, does: "setting " + name + " to " + value,
		cure: func(_ context.Context, h Host) error { return h.SetSysctl(name, value) },
	}
}

func bounded(h Host) (Refusal, bool) {
	return bySysctl("user.max_user_namespaces", "15000", "user.max_user_namespaces is 0"), h.is("/proc/sys/user/max_user_namespaces", "0")
}

func restrictedByDebian(h Host) (Refusal, bool) {
	return bySysctl("kernel.unprivileged_userns_clone", "1", "kernel.unprivileged_userns_clone is 0"),
		h.UID != 0 && h.is("/proc/sys/kernel/unprivileged_userns_clone", "0")
}

// helpers are the programs that map subordinate ids.
func helpers() []string { return []string{"newuidmap", "newgidmap"} }

func withoutHelpers(h Host) (Refusal, bool) {
	if h.UID == 0 {
		return Refusal{}, false
	}
	for _, name := range helpers() {
		if _, err := h.Find(name); err != nil {
			return Refusal{
				Reason: name + " is not installed", Allow: "as root: apt-get install uidmap (elsewhere shadow-utils)", Partly: true,
				does: "installing uidmap", cure: installHelpers,
			}, true
		}
	}
	return Refusal{}, false
}

// withoutRights finds helpers that cannot do what they are for.
func withoutRights(h Host) (Refusal, bool) {
	if h.UID == 0 {
		return Refusal{}, false
	}
	for _, name := range helpers() {
		path, err := h.Find(name)
		if err != nil {
			return Refusal{}, false
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode()&os.ModeSetuid != 0 {
			continue
		}
		if n, err := unix.Getxattr(path, "security.capability", nil); err != nil || n == 0 {
			if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() || !h.own(info) {
				return Refusal{Reason: path + " is no program of root's", Allow: "as root: apt-get install --reinstall uidmap (elsewhere shadow-utils)", Partly: true}, true
			}
			return Refusal{
				Reason: path + " has lost its rights", Allow: "as root: chmod u+s " + path, Partly: true, does: "giving " + path + " its rights",
				cure: func(_ context.Context, h Host) error { return h.giveRights(path) },
			}, true
		}
	}
	if status, err := os.ReadFile(h.path("/proc/self/status")); err == nil && strings.Contains(string(status), "\nNoNewPrivs:\t1") {
		return Refusal{
			Reason: "this process may gain no rights (no_new_privs), so that newuidmap cannot map ids", Partly: true,
			Allow: "start it without: in Kubernetes allowPrivilegeEscalation: true, in systemd NoNewPrivileges=no",
		}, true
	}
	return Refusal{}, false
}

func withoutIDs(h Host) (Refusal, bool) {
	if h.UID == 0 || h.User == "" {
		return Refusal{}, false
	}
	who := &user.User{Username: h.User, Uid: strconv.Itoa(h.UID)}
	var lacks []string
	for _, file := range idFiles() {
		if list, err := subordinate(h.path(file), who); err == nil && len(list) == 0 {
			lacks = append(lacks, file)
		}
	}
	if len(lacks) == 0 {
		return Refusal{}, false
	}
	first := h.freeIDs()
	added := fmt.Sprintf("%d-%d", first, first+ids-1)
	return Refusal{
		Reason: fmt.Sprintf("%s give %s no ids", strings.Join(lacks, " and "), h.User), Partly: true,
		Allow: fmt.Sprintf("as root: usermod --add-subuids %s --add-subgids %s %s", added, added, h.User),
		does:  "giving " + h.User + " the subordinate ids " + added,
		cure: func(ctx context.Context, h Host) error {
			argv := []string{"usermod"}
			if slices.Contains(lacks, idFiles()[0]) {
				argv = append(argv, "--add-subuids", added)
			}
			if slices.Contains(lacks, idFiles()[1]) {
				argv = append(argv, "--add-subgids", added)
			}
			return h.Run(ctx, append(argv, h.User)...)
		},
	}, true
}

func idFiles() []string { return []string{"/etc/subuid", "/etc/subgid"} }

// firstIDs is where distributions begin to give subordinate ids.
const firstIDs = 100000

// freeIDs is the first subordinate id behind all that are given.
func (h Host) freeIDs() int {
	first := firstIDs
	for _, file := range idFiles() {
		text, _ := os.ReadFile(h.path(file)) // none gives none
		for line := range strings.Lines(string(text)) {
			fields := strings.Split(strings.TrimSpace(line), ":")
			if len(fields) != 3 {
				continue
			}
			from, err := strconv.Atoi(fields[1])
			count, err2 := strconv.Atoi(fields[2])
			if err == nil && err2 == nil && from < rootRange {
				first = max(first, from+count)
			}
		}
	}
	return first
}

// closedTUN finds a machine whose /dev/net/tun is root's alone, who is nobody in a node. Interfaces that it
// makes are in the network of who opens it and take the right to that network, so the kernel's
// documentation (networking/tuntap) opens it to everybody, as udev does.
func closedTUN(h Host) (Refusal, bool) {
	const device, all = "/dev/net/tun", 0o666
	info, err := os.Stat(h.path(device))
	if err != nil || info.Mode().Perm()&0o006 == 0o006 {
		return Refusal{}, false
	}
	return Refusal{
		Reason: fmt.Sprintf("%s is closed to nodes (mode %04o)", device, info.Mode().Perm()), Ports: true,
		Allow: fmt.Sprintf("as root: chmod %o %s", all, device), does: "opening " + device + " to everybody",
		cure: func(_ context.Context, h Host) error { return os.Chmod(h.path(device), all) },
	}, true
}

// Fix does as root what can be done about what stands in the way. say hears of it, of what cannot
// be done from here, and of what of the less did not work.
func (h Host) Fix(ctx context.Context, say func(string)) error {
	var errs []error
	for _, r := range h.Refusals() {
		if !r.Curable() {
			say("user namespaces: " + r.Reason + "; to allow them: " + r.Allow)
			continue
		}
		say(r.does)
		switch err := r.cure(ctx, h); {
		case err != nil && (r.Partly || r.Ports):
			say("user namespaces: " + r.Reason + ": " + err.Error() + "; by hand: " + r.Allow)
		case err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", r.does, err))
		}
	}
	return errors.Join(errs...)
}
