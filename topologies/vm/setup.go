package vm

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

// quote makes a text one word of the shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// setupScript makes a guest that has just started, or just continued from a state, the node
// that the topology wants: its clock, its name, its interfaces, its keys. A state is the
// same in every machine that continues from it, so randomness is brought along. It starts
// few programs: each costs where the machine is emulated.
func setupScript(n planned, k nodeKeys, now time.Time) (string, error) {
	noise := make([]byte, 64)
	if _, err := rand.Read(noise); err != nil {
		return "", fmt.Errorf("draw randomness: %w", err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "set -e\ndate -u -s @%d.%09d >/dev/null\n", now.Unix(), now.Nanosecond())
	fmt.Fprintf(&b, "echo %s > /dev/urandom\n", base64.StdEncoding.EncodeToString(noise))
	fmt.Fprintf(&b, "echo %[1]s > /proc/sys/kernel/hostname; echo %[1]s > /etc/hostname; printf '127.0.0.1 localhost\\n127.0.1.1 %%s\\n' %[1]s > /etc/hosts\n", quote(n.Name))
	sysctls(&b, n)
	interfaces(&b, n)
	b.WriteString(wayIn(k))
	return b.String(), nil
}

// sysctls makes the machine a router that keeps its addresses when a port goes down, as a
// switch does. What the node sets itself comes last.
func sysctls(b *strings.Builder, n planned) {
	settings := map[string]string{"net.ipv4.ip_forward": "1"}
	for _, scope := range []string{"all", "default"} {
		settings["net.ipv6.conf."+scope+".forwarding"] = "1"
		settings["net.ipv6.conf."+scope+".keep_addr_on_down"] = "1"
	}
	maps.Copy(settings, n.Sysctls)
	b.WriteString("sysctl -q -w")
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		b.WriteString(" " + quote(name+"="+settings[name]))
	}
	b.WriteString("\n")
}

// noSetting is what sysctl(8) of procps says of a setting that its kernel has not.
var noSetting = regexp.MustCompile(`sysctl: cannot stat /proc/sys/(\S+): No such file`)

// lackingSetting is the error that a guest's kernel has not what the node sets, where that is what it said.
func lackingSetting(said string) error {
	found := noSetting.FindStringSubmatch(said)
	if found == nil {
		return nil
	}
	return &topologies.MissingError{
		What: topologies.KernelAbility, Name: "sysctl " + strings.ReplaceAll(found[1], "/", "."),
		Hint: "the guest's kernel has it not, or not before its module is loaded: modprobe and sysctl -w as lines of the node's exec",
	}
}

// findDevice is a shell function: the interface in a slot, by the address that the slot was
// made with and that nobody has changed yet, into d. udev may yet be about to find it.
const findDevice = `dev() { i=0; while [ $i -lt 100 ]; do
	for p in /sys/class/net/*; do
		[ -e $p/device ] && read -r a < $p/address && [ "$a" = "$1" ] && { d=${p##*/}; return 0; }
	done; i=$((i+1)); sleep 0.1; done; echo "no network device $1" >&2; return 1; }
`

// interfaces gives every interface its name and address, by way of names that none has.
func interfaces(b *strings.Builder, n planned) {
	b.WriteString(findDevice)
	for slot := range len(n.nics) + 1 {
		fmt.Fprintf(b, "dev %s; d%d=$d\n", slotAddress(slot), slot)
	}
	b.WriteString("ip -batch - <<E\n")
	for slot := range len(n.nics) + 1 {
		fmt.Fprintf(b, "link set dev $d%[1]d down\nlink set dev $d%[1]d name rename%[1]d\n", slot)
	}
	fmt.Fprintf(b, "link set dev rename0 name %s\n", mgmtInterface)
	for i, c := range n.nics {
		fmt.Fprintf(b, "link set dev rename%d name %s address %s\n", i+1, c.iface, c.mac)
		if c.mtu > 0 {
			fmt.Fprintf(b, "link set dev %s mtu %d\n", c.iface, c.mtu)
		}
		fmt.Fprintf(b, "link set dev %s up\n", c.iface)
		for _, a := range []string{c.ipv4, c.ipv6} {
			if a != "" {
				fmt.Fprintf(b, "addr replace %s dev %s\n", a, c.iface)
			}
		}
	}
	fmt.Fprintf(b, `link add dev %[2]s type vrf table 1001
E
echo 1 > /proc/sys/net/ipv6/conf/%[1]s/disable_ipv6
echo 1 > /proc/sys/net/ipv6/conf/%[2]s/disable_ipv6
ip -batch - <<E
link set dev %[2]s up
link set dev %[1]s master %[2]s up
addr replace %[3]s/%[4]d dev %[1]s
E
`, mgmtInterface, mgmtVRF, guestAddress, guestLength)
}

// guestPath is where a command is looked for, as in the containers of the same software.
const guestPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/frr"

// wayIn installs the lab's keys and starts the server for them. It stands in a control group
// of its own: what sessions leave behind must not end with the console's shell.
func wayIn(k nodeKeys) string {
	return fmt.Sprintf(`mkdir -p /root/.ssh /run/sshd /sys/fs/cgroup/reprise
echo %[1]s > /root/.ssh/authorized_keys
(umask 077; echo %[2]s > /etc/ssh/reprise_host_key)
cat > /etc/ssh/reprise.conf <<'E'
Port 22
ListenAddress %[3]s rdomain %[4]s
HostKey /etc/ssh/reprise_host_key
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
PrintMotd no
PrintLastLog no
PidFile none
MaxSessions 1000
SetEnv PATH=%[5]s LC_ALL=C.UTF-8
E
(echo 0 > /sys/fs/cgroup/reprise/cgroup.procs; ulimit -c unlimited; cd /; exec /usr/sbin/sshd -f /etc/ssh/reprise.conf) </dev/null
`, quote(k.client), quote(strings.TrimSpace(k.hostPrivate)), guestAddress, mgmtVRF, guestPath)
}
