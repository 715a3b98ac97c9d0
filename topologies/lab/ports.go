package lab

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// maxRange bounds one range of ports; the largest chassis have fewer in a slot.
const maxRange = 1024

// expandPorts gives the ports that a key of an inventory names: "1", "2-24", "1:1-1:24",
// "1:1-24", "1/1-1/24", "1,3,5-8", or any name without a range in it.
func expandPorts(key string) ([]string, error) {
	var out []string
	for part := range strings.SplitSeq(key, ",") {
		names, err := expandRange(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		if out = append(out, names...); len(out) > maxRange {
			return nil, fmt.Errorf("%q names more than %d ports", key, maxRange)
		}
	}
	return out, nil
}

func expandRange(part string) ([]string, error) {
	if part == "" || strings.ContainsAny(part, " \t\"'{}[]") {
		return nil, fmt.Errorf("%q is not a port", part)
	}
	cut := strings.LastIndexByte(part, '-')
	if cut < 0 {
		return []string{part}, nil
	}
	prefix, lo, ok := lastNumber(part[:cut])
	rest := strings.TrimPrefix(part[cut+1:], prefix)
	hi, err := strconv.Atoi(rest)
	switch {
	case ok && err == nil && rest[0] != '+' && rest[0] != '-' && lo <= hi && hi-lo < maxRange:
		var out []string
		for i := lo; i <= hi; i++ {
			out = append(out, prefix+strconv.Itoa(i))
		}
		return out, nil
	case strings.Trim(part, "0123456789:/-") == "":
		return nil, fmt.Errorf("%q is not a range of at most %d ports of one slot: write 1-24, 1:1-1:24 or 1/1-1/24", part, maxRange)
	}
	return []string{part}, nil // ge-0/0/1 has a dash and is no range
}

// lastNumber splits 1:24 into "1:" and 24.
func lastNumber(s string) (prefix string, n int, ok bool) {
	prefix = strings.TrimRight(s, "0123456789")
	n, err := strconv.Atoi(s[len(prefix):])
	return prefix, n, err == nil
}

var (
	portWords  = regexp.MustCompile(`\b(?:slot|unit|ports?|interface)\b[\s:#]*`)
	portNumber = regexp.MustCompile(`0*(\d+)`)
	macAddress = regexp.MustCompile(`^[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}$`)
)

// NormalPort gives one form for the names that one port has in command lines, LLDP and EDP:
// "1/5", "Port 1/5", "Slot: 1, Port: 5" and "01:05" are 1:5; "port 5" is 5. Words that tell
// interface types apart stay: Ethernet5 is eth5, ge-0/0/5 is ge-0:0:5.
func NormalPort(name string) string {
	s := strings.ToLower(strings.TrimSpace(name))
	if macAddress.MatchString(s) {
		return s
	}
	s = portWords.ReplaceAllString(s, " ")
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" \t,:/", r) }), ":")
	for _, word := range [][2]string{{"gigabitethernet", "gi"}, {"ethernet", "eth"}} {
		s = strings.ReplaceAll(s, word[0], word[1])
	}
	return portNumber.ReplaceAllString(s, "$1")
}

// SamePort says whether two names mean one port of one device. A switch that stands alone
// calls a port 5 and announces it as slot 1, port 5.
func SamePort(a, b string) bool {
	a, b = NormalPort(a), NormalPort(b)
	return a == b || "1:"+a == b || "1:"+b == a
}
