package labs

import (
	"cmp"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/reprise-lab/reprise/topologies/lab"
)

// Discreet takes out of text by which addresses the devices of an inventory are reached: those who give trials to the machine that
// owns the devices have nothing to do with them. It is safe for use by several goroutines; the zero value knows no device.
type Discreet struct {
	// Say is told, for the machine's owner, what was said before something was taken out.
	Say func(line string)

	mu      sync.Mutex
	devices map[string]string // what stands for it, by address
	hosts   map[string]string // and by the host of an address
	longest []string          // addresses, the longest first
	said    string
}

// Know has the addresses of an inventory be taken out, beside those that are known.
func (d *Discreet) Know(inv *lab.Inventory) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.devices == nil {
		d.devices, d.hosts = map[string]string{}, map[string]string{}
	}
	for _, device := range inv.Devices {
		d.know(device.Access.Address, "(the address of "+device.Name+")")
		if device.Console != nil {
			d.know(device.Console.Address, "(the console of "+device.Name+")")
		}
	}
	d.longest = d.longest[:0]
	for address := range d.devices {
		d.longest = append(d.longest, address)
	}
	slices.SortFunc(d.longest, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
}

// know has an address be called by what stands for it; of several that have it, the first does. d.mu is held.
func (d *Discreet) know(address, name string) {
	host, _, err := net.SplitHostPort(address)
	if _, known := d.hosts[host]; !known && host != "" {
		d.hosts[host] = name
	}
	for _, text := range []string{address, host} {
		alone := text == host && (err != nil || !strings.ContainsAny(host, ".:")) // a host's name alone may be a word
		if _, known := d.devices[text]; !known && text != "" && !alone {
			d.devices[text] = name
		}
	}
}

// dialled is how errors of Go's package net name both ends of a connection, and a name server that was asked: an address that a
// name led to is in no inventory.
var dialled = regexp.MustCompile(`\b((?:dial|read|write) (?:tcp|udp)[46]? )(\S+?)(:? |:?$)`)

var asked = regexp.MustCompile(`\blookup (\S+?)(?: on \S+?)?: `)

// Hide is text without addresses.
func (d *Discreet) Hide(text string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.longest) == 0 {
		return text
	}
	out := asked.ReplaceAllStringFunc(text, func(match string) string {
		host := asked.FindStringSubmatch(match)[1]
		return "lookup " + cmp.Or(d.hosts[host], host) + ": "
	})
	for _, address := range d.longest {
		out = replaceWhole(out, address, d.devices[address])
	}
	out = dialled.ReplaceAllStringFunc(out, func(match string) string {
		parts := dialled.FindStringSubmatch(match)
		from, to, two := strings.Cut(parts[2], "->")
		if !two {
			to = from
		}
		if _, err := netip.ParseAddrPort(to); err == nil {
			to = "(an address)"
		}
		return parts[1] + to + parts[3]
	})
	if out != text && d.Say != nil && text != d.said {
		d.Say(text)
		d.said = text
	}
	return out
}

// replaceWhole replaces an address where it is not a part of another.
func replaceWhole(text, address, by string) string {
	var out strings.Builder
	for {
		i := strings.Index(text, address)
		if i < 0 {
			out.WriteString(text)
			return out.String()
		}
		end := i + len(address)
		out.WriteString(text[:i])
		if i > 0 && within(text[i-1]) || end < len(text) && (within(text[end]) && text[end] != '.' || end+1 < len(text) && text[end] == '.' && within(text[end+1])) {
			out.WriteString(address)
		} else {
			out.WriteString(by)
		}
		text = text[end:]
	}
}

// within says of a byte beside an address that it is of a longer one.
func within(b byte) bool {
	return b == '.' || b == '-' || b == '_' || '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
}
