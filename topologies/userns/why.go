package userns

import (
	"os"
	"strings"
)

// setting is a file of the kernel that forbids user namespaces, and what to write there.
type setting struct{ file, forbids, name, allow string }

func settings() []setting {
	return []setting{
		{"/proc/sys/user/max_user_namespaces", "0", "user.max_user_namespaces is 0", "as root: sysctl -w user.max_user_namespaces=15000"},
		{"/proc/sys/kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone is 0", "as root: sysctl -w kernel.unprivileged_userns_clone=1"},
		{
			"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "AppArmor keeps them from programs without a profile",
			"as root: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or a profile for this program with the rule userns",
		},
	}
}

// Forbidden says what of the machine's settings forbids user namespaces, and how to allow them;
// empty where nothing that is known does.
func Forbidden() (reason, allow string) {
	if _, err := os.Stat("/proc/self/ns/user"); err != nil {
		return "the kernel has none (CONFIG_USER_NS)", "another kernel"
	}
	for _, s := range settings() {
		if text, err := os.ReadFile(s.file); err == nil && strings.TrimSpace(string(text)) == s.forbids {
			return s.name, s.allow
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
