package userns_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/topologies/userns"
)

// program stands for the path of this program.
const program = `/opt/a "b"*/reprise`

// machine is a folder that stands for a machine on which user namespaces are allowed to an
// ordinary user with subordinate ids; files change it, and an empty one is taken away.
func machine(t *testing.T, files map[string]string) (h userns.Host, ran *[]string) {
	t.Helper()
	root := t.TempDir()
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	ran = &[]string{}
	all := map[string]string{
		"/proc/self/ns/user": "x", "/proc/sys/user/max_user_namespaces": "63000\n", "/proc/sys/kernel/unprivileged_userns_clone": "1\n",
		"/proc/self/status":    "Name:\treprise\nNoNewPrivs:\t0\nSeccomp:\t0\n",
		"/proc/self/mountinfo": "22 1 0:20 / /proc rw,nosuid - proc proc rw\n23 22 0:21 / /proc/sys/fs/binfmt_misc rw - binfmt_misc none rw\n",
		"/etc/subuid":          "ann:100000:65536\n", "/etc/subgid": "ann:100000:65536\n",
		"/usr/bin/newuidmap": "x", "/usr/bin/newgidmap": "x", program: "x",
	}
	maps.Copy(all, files)
	for file, text := range all {
		if text == "" {
			continue
		}
		path := filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(file, "/usr/bin/") && text == "x" {
			if err := os.Chmod(path, 0o755|os.ModeSetuid); err != nil {
				t.Fatal(err)
			}
		}
	}
	return userns.Host{
		Root: root, RootUID: os.Getuid(), UID: 1000, User: "ann", Program: program,
		Find: func(program string) (string, error) {
			path := filepath.Join(root, "/usr/bin", program)
			_, err := os.Stat(path)
			return path, err
		},
		Run: func(_ context.Context, argv ...string) error {
			*ran = append(*ran, strings.ReplaceAll(strings.Join(argv, " "), root, ""))
			return nil
		},
	}, ran
}

func read(t *testing.T, h userns.Host, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(h.Root, file))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

// What forbids user namespaces is told, and what can be done about it is done.
func TestRefusals(t *testing.T) {
	t.Parallel()
	const masked = "/proc/self/mountinfo"
	for _, tt := range []struct {
		name    string
		files   map[string]string
		change  func(*userns.Host)
		reason  string // parts of it, and of what to do by hand; empty: nothing is in the way
		allow   string
		partly  bool
		fixes   bool              // it is gone after Fix
		written map[string]string // parts of files
		ran     []string
	}{
		{name: "nothing"},
		{name: "the kernel", files: map[string]string{"/proc/self/ns/user": ""}, reason: "CONFIG_USER_NS", allow: "another kernel"},
		{
			name: "no namespaces at all", files: map[string]string{"/proc/sys/user/max_user_namespaces": "0\n", "/etc/sysctl.d/99-reprise.conf": "# old\nfs.inotify.max_user_instances = 512\nuser.max_user_namespaces=1\n"},
			reason: "user.max_user_namespaces is 0", allow: "sysctl -w user.max_user_namespaces=15000", fixes: true,
			written: map[string]string{
				"/proc/sys/user/max_user_namespaces": "15000\n",
				"/etc/sysctl.d/99-reprise.conf":      "# Written by reprise doctor --fix.\nfs.inotify.max_user_instances = 512\nuser.max_user_namespaces = 15000\n",
			},
		},
		{name: "none, not even to root", files: map[string]string{"/proc/sys/user/max_user_namespaces": "0\n"}, change: func(h *userns.Host) { h.UID = 0 }, reason: "max_user_namespaces", fixes: true},
		{
			name: "none to ordinary users", files: map[string]string{"/proc/sys/kernel/unprivileged_userns_clone": "0\n"},
			reason: "kernel.unprivileged_userns_clone is 0", allow: "sysctl -w kernel.unprivileged_userns_clone=1", fixes: true,
			written: map[string]string{"/proc/sys/kernel/unprivileged_userns_clone": "1\n", "/etc/sysctl.d/99-reprise.conf": "kernel.unprivileged_userns_clone = 1\n"},
		},
		{name: "none to ordinary users, and this is root", files: map[string]string{"/proc/sys/kernel/unprivileged_userns_clone": "0\n"}, change: func(h *userns.Host) { h.UID = 0 }},
		{
			name: "AppArmor", files: map[string]string{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1\n", "/proc/self/attr/current": "unconfined\n", "/sys/kernel/security/apparmor/profiles": "reprise (unconfined)\n"},
			reason: "AppArmor", allow: "doctor --fix", fixes: true, ran: []string{"apparmor_parser --replace /etc/apparmor.d/reprise"},
			written: map[string]string{
				"/etc/apparmor.d/reprise":                                `profile reprise "/opt/a \"b\"\*/reprise" flags=(unconfined) {` + "\n  userns,\n",
				"/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1\n", // the restriction stays, for others
			},
		},
		{name: "AppArmor, with a profile", files: map[string]string{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1\n", "/proc/self/attr/current": "reprise (unconfined)\n"}},
		{name: "AppArmor, of root", files: map[string]string{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1\n"}, change: func(h *userns.Host) { h.UID = 0 }},
		{
			name: "a container", files: map[string]string{masked: "22 1 0:20 / /proc rw - proc proc rw\n24 22 0:22 / /proc/kcore rw - tmpfs tmpfs rw\n25 22 0:22 / /proc/acpi ro - tmpfs tmpfs ro\n"},
			reason: "/proc/acpi, /proc/kcore", allow: "systempaths=unconfined",
		},
		{
			name: "a container with files of lxcfs, and a whole /proc elsewhere", files: map[string]string{masked: "22 1 0:20 / /proc rw,nosuid - proc proc rw\n" +
				"24 22 0:40 /proc/cpuinfo /proc/cpuinfo rw,nosuid - fuse.lxcfs lxcfs rw\n25 1 0:41 / /dev/.lxc/proc rw,relatime shared:7 - proc proc rw\n"},
		},
		{
			name: "two of /proc, both masked", files: map[string]string{masked: "22 1 0:20 / /proc rw - proc proc rw\n24 22 0:40 / /proc/cpuinfo rw - fuse.lxcfs lxcfs rw\n" +
				"25 1 0:41 / /mnt/p rw - proc proc rw\n26 25 0:22 / /mnt/p/kcore rw - tmpfs tmpfs rw\n27 1 0:20 /sys /mnt/sys rw - proc proc rw\n"},
			reason: "(/mnt/p/kcore, /proc/cpuinfo)", allow: "procMount: Unmasked",
		},
		{name: "a guest of Xen", files: map[string]string{masked: "22 1 0:20 / /proc rw - proc proc rw\n24 22 0:22 / /proc/xen rw - xenfs xenfs rw\n"}},
		{name: "a file system that is read alone", files: map[string]string{masked: "22 1 0:20 / /proc rw - proc proc ro\n"}, reason: "masked (/proc)", allow: "procMount: Unmasked"},
		{name: "a container that reads alone", files: map[string]string{masked: "22 1 0:20 / /proc ro,nosuid - proc proc rw\n"}, reason: "masked (/proc)", allow: "procMount: Unmasked"},
		{
			name: "helpers without rights", files: map[string]string{"/usr/bin/newgidmap": "no setuid"},
			reason: "newgidmap has lost its rights", allow: "chmod u+s", partly: true, fixes: true,
		},
		{name: "no new privileges", files: map[string]string{"/proc/self/status": "Name:\tx\nNoNewPrivs:\t1\n"}, reason: "no_new_privs", allow: "allowPrivilegeEscalation", partly: true},
		{name: "no helpers", files: map[string]string{"/usr/bin/newuidmap": ""}, reason: "newuidmap is not installed", allow: "apt-get install uidmap", partly: true},
		{
			name: "no subordinate ids", files: map[string]string{"/etc/subuid": "bob:100000:65536\neve:231072:70000\n", "/etc/subgid": ""},
			reason: "/etc/subuid and /etc/subgid give ann no ids", allow: "usermod --add-subuids 301072-366607 --add-subgids 301072-366607 ann", partly: true,
			ran: []string{"usermod --add-subuids 301072-366607 --add-subgids 301072-366607 ann"},
		},
		{
			name: "no subordinate groups", files: map[string]string{"/etc/subgid": "x"}, reason: "/etc/subgid give ann no ids", partly: true,
			ran: []string{"usermod --add-subgids 165536-231071 ann"},
		},
		{
			name: "a closed device", files: map[string]string{"/dev/net/tun": "closed"}, change: func(h *userns.Host) { h.UID = 0 },
			reason: "/dev/net/tun is closed to nodes (mode 0755)", allow: "chmod 666 /dev/net/tun", fixes: true,
		},
		{name: "somebody, whom nobody knows", files: map[string]string{"/etc/subuid": "", "/etc/subgid": ""}, change: func(h *userns.Host) { h.User = "" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h, ran := machine(t, tt.files)
			if tt.change != nil {
				tt.change(&h)
			}
			list := h.Refusals()
			if tt.reason == "" {
				if len(list) > 0 {
					t.Errorf("nothing is in the way, and it says %+v", list)
				}
				return
			}
			if len(list) != 1 || !strings.Contains(list[0].Reason, tt.reason) || !strings.Contains(list[0].Allow, tt.allow) || list[0].Partly != tt.partly {
				t.Fatalf("got %+v", list)
			}
			if strings.Contains(tt.name, "no helpers") {
				return // which come from the distribution
			}
			var said []string
			if err := h.Fix(t.Context(), func(line string) { said = append(said, line) }); err != nil {
				t.Fatal(err)
			}
			if len(said) != 1 || !list[0].Curable() && !strings.Contains(said[0], list[0].Allow) {
				t.Errorf("said %q", said)
			}
			for file, part := range tt.written {
				if got := read(t, h, file); !strings.Contains(got, part) {
					t.Errorf("%s has %q, want %q", file, got, part)
				}
			}
			if tt.ran != nil && !slices.Equal(*ran, tt.ran) {
				t.Error(cmp.Diff(tt.ran, *ran))
			}
			if left := h.Refusals(); tt.fixes && len(left) > 0 {
				t.Errorf("after Fix: %+v", left)
			}
		})
	}
}

// A program that others than root may change, or put another in the place of, gets no profile.
func TestNoProfileForEverybody(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, want string
		change     func(h *userns.Host) error
	}{
		{"written by its group", "others than root may write " + program, func(h *userns.Host) error { return os.Chmod(h.Root+program, 0o775) }},
		{"in a folder of everybody's", "others than root may write /opt", func(h *userns.Host) error { return os.Chmod(h.Root+"/opt", 0o777|os.ModeSticky) }},
		{"of another user", program + " is not root's", func(h *userns.Host) error { h.RootUID++; return nil }},
		{"behind a link", "/opt is a link", func(h *userns.Host) error {
			return errors.Join(os.Rename(h.Root+"/opt", h.Root+"/home"), os.Symlink("home", h.Root+"/opt"))
		}},
		{"gone", "no such file", func(h *userns.Host) error { return os.Remove(h.Root + program) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h, ran := machine(t, map[string]string{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1\n", "/proc/self/attr/current": "unconfined\n"})
			if err := tt.change(&h); err != nil {
				t.Fatal(err)
			}
			list := h.Refusals()
			if len(list) != 1 || list[0].Curable() || !strings.Contains(list[0].Reason, tt.want) || !strings.Contains(list[0].Allow, "make install") {
				t.Fatalf("got %+v", list)
			}
			if err := h.Fix(t.Context(), func(string) {}); err != nil {
				t.Fatal(err)
			}
			if got := read(t, h, "/etc/apparmor.d/reprise"); got != "" || len(*ran) > 0 {
				t.Errorf("wrote %q, ran %q", got, *ran)
			}
		})
	}
}

// What is no program of root's gets none of root's rights.
func TestNoRightsForOthers(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(h *userns.Host, path string) error{
		"of another user": func(h *userns.Host, _ string) error { h.RootUID++; return nil },
		"a link": func(_ *userns.Host, path string) error {
			return errors.Join(os.Rename(path, path+".x"), os.Symlink(path+".x", path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, _ := machine(t, map[string]string{"/usr/bin/newgidmap": "no setuid"})
			path := h.Root + "/usr/bin/newgidmap"
			if err := change(&h, path); err != nil {
				t.Fatal(err)
			}
			list := h.Refusals()
			if len(list) != 1 || list[0].Curable() || !strings.Contains(list[0].Reason, "no program of root's") {
				t.Fatalf("got %+v", list)
			}
			if err := h.Fix(t.Context(), func(string) {}); err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(path); err != nil || info.Mode()&os.ModeSetuid != 0 {
				t.Errorf("it is %v, %v", info.Mode(), err)
			}
		})
	}
}

// Several things in the way are all told, what forbids most first.
func TestRefusalsTogether(t *testing.T) {
	t.Parallel()
	h, _ := machine(t, map[string]string{
		"/proc/sys/user/max_user_namespaces": "0\n", "/proc/sys/kernel/unprivileged_userns_clone": "0\n", "/etc/subuid": "", "/etc/subgid": "",
	})
	var reasons []string
	for _, r := range h.Refusals() {
		reasons = append(reasons, r.Reason)
	}
	want := []string{"user.max_user_namespaces is 0", "kernel.unprivileged_userns_clone is 0", "/etc/subuid and /etc/subgid give ann no ids"}
	if diff := cmp.Diff(want, reasons); diff != "" {
		t.Error(diff)
	}
	if err := h.Fix(t.Context(), func(string) {}); err != nil {
		t.Fatal(err)
	}
	if got := read(t, h, "/etc/sysctl.d/99-reprise.conf"); !strings.Contains(got, "user.max_user_namespaces = 15000\nkernel.unprivileged_userns_clone = 1\n") {
		t.Errorf("of two settings: %s", got)
	}
}

// A setting that the kernel does not take is not kept for the next boot.
func TestSettingRefused(t *testing.T) {
	t.Parallel()
	h, _ := machine(t, nil)
	if err := h.SetSysctl("user.no.such.setting", "1"); err == nil {
		t.Error("a setting that is not there was set")
	}
	if got := read(t, h, "/etc/sysctl.d/99-reprise.conf"); got != "" {
		t.Errorf("kept: %s", got)
	}
}
