package guest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Prefix of a guest's name; what follows is the suite.
const Prefix = "reprise/guest:"

// Ref is the name of a suite's guest.
func Ref(suite string) string { return Prefix + suite }

// Suites names the Debian suites that a guest can be made of, oldest first.
func Suites() []string { return []string{withoutSecurity, "bookworm", "trixie"} }

// withoutSecurity is the suite whose archive of security has been withdrawn, at least in part.
const withoutSecurity = "bullseye"

// packages lists what is installed on top of the minimal system.
func packages() []string {
	return []string{
		"linux-image-amd64", "systemd-sysv", "udev", "dbus", "kmod", "zstd",
		"openssh-server", "procps", "iproute2", "bridge-utils", "ethtool", "nftables",
		"iputils-ping", "iputils-arping", "traceroute", "tcpdump", "iperf3",
		"frr", "frr-pythontools", "bird2", "keepalived", "lldpd", "openvswitch-switch",
	}
}

// recorded tells the packages whose exact versions a run records.
func recorded(name string) bool {
	return strings.HasPrefix(name, "linux-image-") ||
		slices.Contains([]string{"frr", "bird2", "keepalived", "lldpd", "openvswitch-switch", "iproute2", "libc6", "openssh-server", "systemd"}, name)
}

// withoutModules lists the drivers of the kernel that no switch has a use for, and that
// would be the greater part of the disk.
func withoutModules() []string {
	return []string{"drivers/gpu", "drivers/media", "drivers/infiniband", "drivers/iio", "drivers/staging", "drivers/net/wireless", "drivers/bluetooth", "sound"}
}

// packageList is where the tree says what is installed.
const packageList = "usr/share/reprise/packages"

// beforeHook runs before the packages are configured: it keeps services from being started
// and the initial ramdisk small. The disk of a guest is always virtio.
const beforeHook = `set -e; cd "$1"
mkdir -p etc/initramfs-tools/conf.d usr/sbin
printf 'MODULES=list\nCOMPRESS=zstd\nFSTYPE=ext4\n' > etc/initramfs-tools/conf.d/reprise
printf 'virtio_pci\nvirtio_blk\next4\ncrc32c_generic\n' > etc/initramfs-tools/modules
printf '#!/bin/sh\nexit 101\n' > usr/sbin/policy-rc.d; chmod 755 usr/sbin/policy-rc.d`

// afterHook turns off all that would start by itself, gives the serial console a shell, and
// takes away what is a machine's own.
//
// A bridge takes its address from its ports, as it does everywhere but under udev's default
// policy, and a port that is not configured says nothing.
const afterHook = `set -e; cd "$1"
rm -f usr/sbin/policy-rc.d etc/ssh/ssh_host_* etc/hostname
for u in ssh frr bird bird6 keepalived lldpd iperf3 openvswitch-switch ovsdb-server ovs-vswitchd ovs-record-hostname; do chroot . systemctl disable $u 2>/dev/null || true; done
for u in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer logrotate.timer systemd-timesyncd.service systemd-networkd.service systemd-networkd.socket systemd-resolved.service systemd-pstore.service; do ln -sf /dev/null etc/systemd/system/$u; done
mkdir -p etc/systemd/system/serial-getty@ttyS0.service.d etc/systemd/network etc/sysctl.d root/.ssh usr/share/reprise
cat > etc/systemd/system/serial-getty@ttyS0.service.d/reprise.conf <<'E'
[Service]
ExecStart=
ExecStart=-/sbin/agetty --autologin root --noclear --keep-baud 115200 %I dumb
KillMode=process
E
cat > root/.bash_profile <<'E'
case $(tty) in /dev/ttyS0) unset HISTFILE; printf '\n@@reprise-console@@\n' ;; esac
E
touch root/.hushlogin; chmod 700 root/.ssh
ln -sf /dev/null etc/systemd/network/99-default.link
printf 'net.ipv4.conf.default.rp_filter=0\nnet.ipv4.conf.all.rp_filter=0\nnet.ipv6.conf.default.accept_dad=1\nkernel.core_pattern=core\nkernel.panic=0\n' > etc/sysctl.d/99-reprise.conf
printf '/dev/vda / ext4 defaults,noatime 0 0\n' > etc/fstab
: > etc/machine-id
rm -f var/lib/dbus/machine-id etc/openvswitch/conf.db
chroot . dpkg-query -W -f '${Package} ${Version}\n' > usr/share/reprise/packages`

// Marker is what the serial console prints when a guest has started and root's shell is there.
const Marker = "@@reprise-console@@"

// diskSize is the size that a guest sees; the file holds only what is used.
const diskSize = "4G"

// arguments is the mmdebstrap command line, without the program's name.
func arguments(suite, mirror, tree string) []string {
	args := []string{
		"--mode=root", "--format=directory", "--variant=minbase", "--include=" + strings.Join(packages(), ","),
		`--aptopt=APT::Install-Recommends "false"`, `--aptopt=Acquire::Languages "none"`, "--dpkgopt=force-unsafe-io",
	}
	for _, path := range []string{"man", "locale", "doc", "info", "lintian", "bash-completion"} {
		args = append(args, "--dpkgopt=path-exclude=/usr/share/"+path+"/*")
	}
	for _, path := range withoutModules() {
		args = append(args, "--dpkgopt=path-exclude=/lib/modules/*/kernel/"+path+"/*", "--dpkgopt=path-exclude=/usr/lib/modules/*/kernel/"+path+"/*")
	}
	if suite == withoutSecurity {
		args = append(args, `--setup-hook=sed -i /-security/d "$1/etc/apt/sources.list"`)
	}
	args = append(args, "--essential-hook="+beforeHook, "--customize-hook="+afterHook, suite, tree)
	if mirror != "" {
		args = append(args, mirror)
	}
	return args
}

// recipe is the SHA-256 of what makes a guest: the same recipe means the same way of
// building, not the same package versions.
func recipe(suite string) string {
	h := sha256.New()
	for _, part := range append(arguments(suite, "", ""), diskSize) {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil))
}
