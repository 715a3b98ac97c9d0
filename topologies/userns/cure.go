package userns

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/reprise-lab/reprise/topologies/doctor"
)

// Files that Fix writes. A setting of the kernel's stays after a boot by the first, which is read
// behind those of the distribution.
const (
	sysctlFile  = "/etc/sysctl.d/99-reprise.conf"
	profileFile = "/etc/apparmor.d/reprise"
)

// SetSysctl sets a setting of the kernel's, now and, where the kernel took it, after every boot.
func (h Host) SetSysctl(name, value string) error {
	live := h.path("/proc/sys/" + strings.ReplaceAll(name, ".", "/"))
	if err := os.WriteFile(live, []byte(value+"\n"), 0o644); err != nil {
		return fmt.Errorf("set %s: %w", name, err)
	}
	text, err := os.ReadFile(h.path(sysctlFile))
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	lines := []string{"# Written by reprise doctor --fix."}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		key, _, setting := strings.Cut(line, "=")
		if setting && strings.TrimSpace(key) != name {
			lines = append(lines, line)
		}
	}
	lines = append(lines, name+" = "+value)
	return h.write(sysctlFile, strings.Join(lines, "\n")+"\n")
}

// write writes a file of the machine's as a whole, with its folder.
func (h Host) write(file, text string) error {
	path := h.path(file)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	next := path + ".new"
	if err := os.WriteFile(next, []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(next, path)
}

// restrictedByAppArmor is the refusal of Ubuntu 24.04: a program without a profile gets a
// namespace in which it has no rights. A profile is for a path, and whoever may write what is
// there would have what it gives.
func restrictedByAppArmor(h Host) (Refusal, bool) {
	if h.UID == 0 || h.Program == "" || !h.is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1") || h.profiled() {
		return Refusal{}, false
	}
	r := Refusal{Reason: "AppArmor keeps them from programs without a profile (kernel.apparmor_restrict_unprivileged_userns is 1), and " + h.Program + " has none"}
	if err := h.rootsAlone(h.Program); err != nil {
		r.Reason += " and can be given none: " + err.Error()
		r.Allow = "install it where root alone may write, below /usr/local/bin: sudo make install; then sudo reprise doctor --fix"
		return r, true
	}
	r.Allow = "as root: reprise doctor --fix, which writes a profile for this program and leaves the restriction to others"
	r.does = "writing an AppArmor profile for " + h.Program
	r.cure = func(ctx context.Context, h Host) error {
		if err := h.write(profileFile, profile(h.Program)); err != nil {
			return err
		}
		return h.Run(ctx, "apparmor_parser", "--replace", h.path(profileFile))
	}
	return r, true
}

// profiled says whether this program has a profile. Root is asked for another's sake: his own
// process tells nothing, and what was written tells.
func (h Host) profiled() bool {
	for _, file := range []string{"/proc/self/attr/apparmor/current", "/proc/self/attr/current"} {
		text, err := os.ReadFile(h.path(file))
		if label := strings.TrimRight(string(text), "\x00\n"); err == nil && label != "" && label != "unconfined" {
			return true
		}
	}
	text, err := os.ReadFile(h.path(profileFile))
	loaded, _ := os.ReadFile(h.path("/sys/kernel/security/apparmor/profiles")) // an ordinary user may not
	return err == nil && string(text) == profile(h.Program) && strings.Contains("\n"+string(loaded), "\nreprise (")
}

// profile gives a program leave to make user namespaces, and confines it no more than without.
func profile(program string) string {
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "*", `\*`, "?", `\?`, "[", `\[`, "]", `\]`, "{", `\{`, "}", `\}`, "^", `\^`, "@", `\@`, "$", `\$`).Replace(program)
	return `# Written by reprise doctor --fix.
abi <abi/4.0>,
include <tunables/global>

profile reprise "` + quoted + `" flags=(unconfined) {
  userns,

  include if exists <local/reprise>
}
`
}

// installHelpers gets the programs that map subordinate ids.
func installHelpers(ctx context.Context, _ Host) error {
	return doctor.Install(ctx, "reprise doctor --fix", func(string) {}, doctor.Need{Program: helpers()[0], Package: "uidmap"})
}
