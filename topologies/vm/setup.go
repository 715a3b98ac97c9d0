package vm

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// quote makes a text one word of the shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// setupScript makes a guest that has just started, or just continued from a state, the node
// that the topology wants: its clock, its name, its interfaces, its keys. A state is the
// same in every machine that continues from it, so randomness is brought along.
func setupScript(n planned, k nodeKeys, now time.Time) (string, error) {
	noise := make([]byte, 64)
	if _, err := rand.Read(noise); err != nil {
		return "", fmt.Errorf("draw randomness: %w", err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "set -e\ndate -u -s @%d.%09d >/dev/null\n", now.Unix(), now.Nanosecond())
	fmt.Fprintf(&b, "printf %s | base64 -d > /dev/urandom\n", base64.StdEncoding.EncodeToString(noise))
	fmt.Fprintf(&b, "hostname %[1]s; echo %[1]s > /etc/hostname; printf '127.0.0.1 localhost\\n127.0.1.1 %%s\\n' %[1]s > /etc/hosts\n", quote(n.Name))
	b.WriteString("[ -s /etc/machine-id ] || cat /proc/sys/kernel/random/uuid | tr -d - > /etc/machine-id\n")
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

// findDevice is a shell function: the interface in a slot, by the address that the slot was
// made with, which udev may yet be about to give a name.
const findDevice = `dev() { i=0; while [ $i -lt 100 ]; do
	for d in /sys/class/net/*; do
		[ -e $d/device ] && [ "$(ethtool -P ${d##*/} 2>/dev/null)" = "Permanent address: $1" ] && { echo ${d##*/}; return 0; }
	done; i=$((i+1)); sleep 0.1; done; echo "no network device $1" >&2; return 1; }
`

// interfaces gives every interface its name and address, by way of names that none has.
func interfaces(b *strings.Builder, n planned) {
	b.WriteString(findDevice)
	rename := func(slot int) {
		fmt.Fprintf(b, "d=$(dev %s); ip link set \"$d\" down; [ \"$d\" = rename%d ] || ip link set \"$d\" name rename%d\n", slotAddress(slot), slot, slot)
	}
	for slot := range len(n.nics) + 1 {
		rename(slot)
	}
	fmt.Fprintf(b, "ip link set rename0 name %s\n", mgmtInterface)
	for i, c := range n.nics {
		name := quote(c.iface)
		fmt.Fprintf(b, "ip link set rename%d name %s address %s", i+1, name, c.mac)
		if c.mtu > 0 {
			fmt.Fprintf(b, " mtu %d", c.mtu)
		}
		fmt.Fprintf(b, "\nip link set %s up\n", name)
		for _, a := range []string{c.ipv4, c.ipv6} {
			if a != "" {
				fmt.Fprintf(b, "ip addr replace %s dev %s\n", quote(a), name)
			}
		}
	}
	fmt.Fprintf(b, `ip link show %[2]s >/dev/null 2>&1 || ip link add %[2]s type vrf table 1001
sysctl -q -w net.ipv6.conf.%[1]s.disable_ipv6=1 net.ipv6.conf.%[2]s.disable_ipv6=1
ip link set %[2]s up; ip link set %[1]s master %[2]s; ip link set %[1]s up
ip addr replace %[3]s/%[4]d dev %[1]s
`, mgmtInterface, mgmtVRF, guestAddress, guestLength)
}

// guestPath is where a command is looked for, as in the containers of the same software.
const guestPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/frr"

// wayIn installs the lab's keys and starts the server for them. It stands in a service of
// its own: what sessions leave behind must not end with the console's shell.
func wayIn(k nodeKeys) string {
	return fmt.Sprintf(`mkdir -p /root/.ssh /run/sshd; chmod 700 /root/.ssh
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
mkdir -p /run/systemd/system
cat > /run/systemd/system/reprise-ssh.service <<'E'
[Unit]
CollectMode=inactive-or-failed
[Service]
ExecStart=/usr/sbin/sshd -D -f /etc/ssh/reprise.conf
KillMode=process
LimitCORE=infinity
TasksMax=infinity
OOMScoreAdjust=-1000
E
systemctl daemon-reload
systemctl restart reprise-ssh.service
`, quote(k.client), quote(strings.TrimSpace(k.hostPrivate)), guestAddress, mgmtVRF, guestPath)
}
