package scenarios_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/scenarios"
)

// describe knows a few platforms as the drivers do.
func describe(name string) (scenarios.Platform, bool) {
	p, ok := map[string]scenarios.Platform{
		"frr":   {Daemons: []string{"zebra", "bgpd", "ospfd", "ldpd"}, Starts: func(string, []string) []string { return []string{"zebra", "bgpd"} }},
		"bird":  {Daemons: []string{"bird"}},
		"ovs":   {Daemons: []string{"ovsdb-server", "ovs-vswitchd"}, Statuses: true},
		"linux": {Daemons: []string{"keepalived", "lldpd"}, Statuses: true, AnyService: true},
		"exos":  {},
	}[name]
	return p, ok
}

const valid = `
reprise: v1
id: a
title: A
topology:
  nodes: {f: {image: x, env: {A: b}}, l: {image: x}, o: {image: x}, e: {image: x}, b: {image: x}}
  links: [{endpoints: ["f:eth1", "l:eth1"]}]
nodes:
  f: {platform: frr, config: "hostname f\nrouter bgp 1\n"}
  l: {platform: linux, services: [keepalived]}
  o: {platform: ovs}
  e: {platform: exos}
  b: {platform: bird}
baseline: [{name: up, node: f, run: show ip route, expect: 'text contains "10.0.0.0/8"', eventually: 1s}]
stimulus: [{node: f, configure: [x]}]
symptom: [{name: s, node: f, run: show x, expect: 'text contains "x"', eventually: 2s}]
control: {without: [stimulus.0]}
trials: {count: 1}
`

// What can never hold, or is never meant, is refused or warned of where it stands, with a
// hint. Every line passed once.
func TestValidateNeverHolds(t *testing.T) {
	const symptom = "symptom: ["
	for _, tt := range []struct {
		name     string
		old, new string
		want     string // of the fault, or of the warning
		warning  bool
	}{
		{name: "count on run", old: `expect: 'text contains "x"'`, new: "expect: count > 0", want: ":16:51: count is the number of rows"},
		{name: "count on exec", old: `run: show x, expect: 'text contains "x"'`, new: "exec: x, expect: count == 0", want: "it is always 0"},
		{name: "count before", old: `expect: 'text contains "x"'`, new: "expect: before.count == 0", want: "it is always 0"},
		{name: "exit where there is none", old: `expect: 'text contains "x"'`, new: "expect: exit == 0", want: "the command line of frr gives none"},
		{name: "exit before where there is none", old: `expect: 'text contains "x"'`, new: "expect: before.exit == 0", want: "always -1"},
		{name: "exit by another name", old: `expect: 'text contains "x"'`, new: "expect: let b = before; b.exit == 0", want: "always -1"},
		{name: "exit of a switch", old: `node: f, run: show x, expect: 'text contains "x"'`, new: "node: e, run: x, expect: exit == 0", want: "exos gives none"},
		{name: "exit key where there is none", old: `expect: 'text contains "x"'`, new: `expect: 'text contains "x"', exit: [0, 1]`, want: "exit has no meaning here"},
		{name: "an escape of double quotes", old: `run: show x, expect: 'text contains "x"'`, new: `log: "\bFull"`, want: "the pattern has the control character"},
		{name: "and of an expression", old: `expect: 'text contains "x"'`, new: `expect: 'text matches "\bFull"'`, want: "the pattern has the control character"},
		{name: "a line as a pattern", old: `run: show x, expect: 'text contains "x"'`, new: `log: "bgpd: [EC 33554503] 10.0.0.2(r2) Down"`, want: "the line that is written here does not match", warning: true},
		{name: "a word in parentheses", old: `expect: 'text contains "x"'`, new: `expect: 'text matches "10.0.0.2(r2) Up"'`, want: "is no text in a regular expression", warning: true},
		{name: "exit of a log", old: `run: show x, expect: 'text contains "x"'`, new: "log: x, expect: exit == 0", want: "look at count"},
		{name: "exit key of a log", old: `run: show x, expect: 'text contains "x"'`, new: "log: x, exit: [0]", want: "exit has no meaning here"},
		{name: "exit of a step where there is none", old: "configure: [x]", new: "run: x, exit: [1]", want: "exit has no meaning here"},
		{name: "no such status", old: `run: show x, expect: 'text contains "x"'`, new: `exec: x, expect: 'text == ""', exit: [0, 256]`, want: "256 is no exit status"},
		{name: "one status that is none", old: `run: show x, expect: 'text contains "x"'`, new: `exec: x, expect: 'text == ""', exit: 256`, want: "256 is no exit status"},
		{name: "a status below all", old: `run: show x, expect: 'text contains "x"'`, new: `exec: x, expect: 'text == ""', exit: -1`, want: ":16:67: -1 is no exit status (0 to 255"},
		{name: "a list of one such", old: `run: show x, expect: 'text contains "x"'`, new: `exec: x, expect: 'text == ""', exit: [-1]`, want: ":16:68: -1 is no exit status (0 to 255"},
		{name: "a word for a status", old: `run: show x, expect: 'text contains "x"'`, new: `exec: x, expect: 'text == ""', exit: all`, want: "exit: any"},
		{name: "any status where there is none", old: `expect: 'text contains "x"'`, new: `expect: 'text contains "x"', exit: any`, want: "the command line of frr gives none"},
		{name: "no status", old: `run: show x, expect: 'text contains "x"'`, new: `exec: x, expect: 'text == ""', exit: []`, want: "no status is named"},
		{name: "json of a ping", old: `run: show x, expect: 'text contains "x"'`, new: "reach: {ping: 10.0.0.1}, expect: json.x == 1", want: "no JSON"},
		{name: "now", old: `expect: 'text contains "x"'`, new: "expect: now() != nil", want: "an expression cannot have now()"},
		{name: "has of no place", old: `expect: 'text contains "x"'`, new: `expect: 'has(text == "")'`, want: "has asks for a place"},
		{name: "a daemon of another name", old: `run: show x, expect: 'text contains "x"'`, new: "core: bgp", want: `no daemon "bgp", and the scenario starts none: nothing of that name can die (did you mean "bgpd"?)`},
		{name: "a daemon of nobody", old: `node: f, run: show x, expect: 'text contains "x"'`, new: "node: l, core: lldpd", want: `it has keepalived`},
		{name: "a death on a switch", old: `node: f, run: show x, expect: 'text contains "x"'`, new: "node: e, core: httpd", want: "its platform starts none"},
		{name: "a process of another name", old: "configure: [x]", new: "fault: kill, process: zebrad", want: `no daemon "zebrad" (did you mean "zebra"?)`},
		{name: "a process that is not run", old: "node: f, configure: [x]", new: "node: l, fault: kill, process: lldpd", want: "it has keepalived"},
		{name: "a process where none is run", old: "node: f, configure: [x]", new: "node: e, fault: pause, process: x", want: "runs no daemon"},
		{name: "no such signal", old: "configure: [x]", new: "fault: kill, process: bgpd, signal: SIGFOO", want: `no signal "SIGFOO"`},
		{name: "no such protocol", old: "node: f, configure: [x]", new: `link: "f:eth1", fault: drop, match: {proto: ospv}`, want: `unknown proto "ospv" (did you mean "ospf"?)`},
		{name: "no such number of a protocol", old: "node: f, configure: [x]", new: `link: "f:eth1", fault: drop, match: {proto: "256"}`, want: `unknown proto "256"`},
		{name: "no such type of frame", old: "node: f, configure: [x]", new: `link: "f:eth1", fault: drop, match: {ethertype: foo}`, want: `unknown ethertype "foo"`},
		{name: "no such port", old: "node: f, configure: [x]", new: `link: "f:eth1", fault: drop, match: {dst-port: 99999}`, want: "99999 is no port"},
		{name: "no hardware address", old: "node: f, configure: [x]", new: `link: "f:eth1", fault: drop, match: {dst-mac: "01:80"}`, want: "no hardware address"},
		{name: "more answers than packets", old: `run: show x, expect: 'text contains "x"'`, new: "reach: {ping: 10.0.0.9, count: 3}, expect: count > 3", want: "count > 3 is never true"},
		{name: "more connections than attempts", old: `run: show x, expect: 'text contains "x"'`, new: `reach: {tcp: "10.0.0.9:80"}, expect: count > 1`, want: "count is 0 to 1"},
		{name: "fewer than none", old: `run: show x, expect: 'text contains "x"'`, new: "log: x, expect: 'count < 0'", want: "is never true"},
		{name: "no such status", old: `run: show x, expect: 'text contains "x"'`, new: "exec: x, expect: 'exit == 256'", want: "exit is 0 to 255"},
		{name: "a status below none", old: `run: show x, expect: 'text contains "x"'`, new: "exec: x, expect: 'exit < 0 or exit == -1'", want: "is never true"},
		{name: "a status that is not named", old: `run: show x, expect: 'text contains "x"'`, new: "exec: x, exit: [0, 1], expect: 'exit == 2'", want: "the statuses that exit names"},
		{name: "a list of such", old: `run: show x, expect: 'text contains "x"'`, new: "exec: x, exit: [0, 1], expect: 'exit in [2, 3]'", want: "is never true"},
		{name: "no time", old: `run: show x, expect: 'text contains "x"'`, new: "exec: x, expect: 'took < 0'", want: "is never true"},
		{name: "what every text has", old: `'text contains "x"'`, new: `'text contains ""'`, want: "is always true, whatever is seen", warning: true},
		{name: "what no text lacks", old: `'text contains "x"'`, new: `'not (text contains "")'`, want: "is never true"},
		{name: "a thing beside itself", old: `'text contains "x"'`, new: `'text == text'`, want: "is always true, whatever is seen", warning: true},
		{name: "a pattern that matches all", old: `'text contains "x"'`, new: `'text matches "^.*"'`, want: "is always true, whatever is seen", warning: true},
		{name: "a pattern that matches one kind of all", old: `'text contains "x"'`, new: `'text matches "(a|b*)c?"'`, want: "is always true, whatever is seen", warning: true},
		{name: "a length as all have", old: `'text contains "x"'`, new: `'len(text) >= 0'`, want: "is always true, whatever is seen", warning: true},
		{name: "this or not this", old: `'text contains "x"'`, new: `'text contains "x" or not (text contains "x")'`, want: "is always true, whatever is seen", warning: true},
		{name: "every line", old: `run: show x, expect: 'text contains "x"'`, new: "log: '.*'", want: "every line that is logged matches", warning: true},
		{name: "a blank command", old: `run: show x, expect: 'text contains "x"'`, new: "run: ' ', expect: 'text contains \"x\"'", want: "the command is blank"},
		{name: "a blank command of the shell", old: `run: show x, expect: 'text contains "x"'`, new: "exec: ' ', expect: 'text contains \"x\"'", want: "the command is blank"},
		{name: "a blank step", old: "configure: [x]", new: "configure: [' ', '']", want: "the command is blank"},
		{name: "an image that is none", old: "without: [stimulus.0]", new: "set: {f.image: ' '}", want: "f has no image then"},
		{name: "frames that are two things", old: `run: show x, expect: 'text contains "x"'`, new: "frame: {at: 'f:eth1', filter: ip and vlan 5}", want: "no frame can match"},
		{name: "a length below none", old: `run: show x, expect: 'text contains "x"'`, new: "exec: x, expect: '0 > len(text)'", want: "is never true"},
		{name: "a thing and its opposite", old: `'text contains "x"'`, new: `'text contains "x" and not (text contains "x")'`, want: "is never true"},
		{name: "the same, within", old: `'text contains "x"'`, new: `'not (text contains "x" or not (text contains "x"))'`, want: "is never true"},
		{name: "numbers of an answer that exclude each other", old: `'text contains "x"'`, new: `'json.x > 5 and json.x < 3'`, want: "is never true"},
		{name: "numbers that are close", old: `'text contains "x"'`, new: `'json.x < 0 and json.x > 0.0009 and json.x < 0.0011'`, want: "is never true"},
		{name: "two numbers at once", old: `'text contains "x"'`, new: `'json.x == 5 and json.x == 3'`, want: "is never true"},
		{name: "capitals behind lower", old: `'text contains "x"'`, new: `'lower(text) contains "Full"'`, want: "is never true"},
		{name: "none behind upper", old: `'text contains "x"'`, new: `'upper(text) == "Full"'`, want: "is never true"},
		{name: "blanks behind trim", old: `'text contains "x"'`, new: `'trim(text) == " a"'`, want: "is never true"},
		{name: "one of none", old: `'text contains "x"'`, new: `'text in []'`, want: "is never true"},
		{name: "an amount below none", old: `'text contains "x"'`, new: `'abs(json.x) < 0'`, want: "is never true"},
		{name: "letters before the begin", old: `'text contains "x"'`, new: `'text matches "a^b"'`, want: "is never true"},
		{name: "two lines of a log", old: `run: show x, expect: 'text contains "x"'`, new: `log: "foo\nbar"`, want: "no line can match"},
		{name: "letters behind a line's end", old: `run: show x, expect: 'text contains "x"'`, new: `log: 'foo$bar'`, want: "no line can match"},
		{name: "no word of frames", old: `run: show x, expect: 'text contains "x"'`, new: `frame: {at: "f:eth1"}, expect: json.gaps > 5`, want: `json has no "gaps" here: it is always absent (did you mean "gap"?)`},
		{name: "no word of a frame", old: `run: show x, expect: 'text contains "x"'`, new: `frame: {at: "f:eth1"}, expect: 'rows[0].srcip == "10.0.0.1"'`, want: `a row has no "srcip" here`},
		{name: "no word of any frame", old: `run: show x, expect: 'text contains "x"'`, new: `frame: {at: "f:eth1"}, expect: 'any(rows, .srcip == "10.0.0.1")'`, want: `a row has no "srcip" here`},
		{name: "no way of a frame", old: `run: show x, expect: 'text contains "x"'`, new: `frame: {at: "f:eth1"}, expect: 'any(rows, .direction == "inn")'`, want: `direction is never "inn" (did you mean "in"?)`},
		{name: "no kind of a frame", old: `run: show x, expect: 'text contains "x"'`, new: `frame: {at: "f:eth1"}, expect: 'any(rows, .kind == "ICMP")'`, want: `kind is never "ICMP" (icmp)`},
		{name: "no kind of any frame", old: `run: show x, expect: 'text contains "x"'`, new: `frame: {at: "f:eth1"}, expect: 'none(rows, .kind == "ospf3")'`, want: `kind is never "ospf3"`},
		{name: "none of a list of kinds", old: `run: show x, expect: 'text contains "x"'`, new: `frame: {at: "f:eth1"}, expect: 'rows[0].kind in ["IP", "v4"]'`, want: `kind is never "IP"`},
		{name: "a kind the other way round", old: `run: show x, expect: 'text contains "x"'`, new: `frame: {at: "f:eth1"}, expect: 'any(rows, "ICMP" == .kind)'`, want: `kind is never "ICMP"`},
		{name: "a kind that all frames are not", old: `run: show x, expect: 'text contains "x"'`, new: `frame: {at: "f:eth1"}, expect: 'all(rows, .kind != "ICMP")'`, want: `kind is never "ICMP"`},
		{name: "a part of no kind", old: `run: show x, expect: 'text contains "x"'`, new: `frame: {at: "f:eth1"}, expect: 'any(rows, .kind startsWith "OS")'`, want: `kind is never "OS"`},
		{name: "no message", old: `run: show x, expect: 'text contains "x"'`, new: `frame: {at: "f:eth1"}, expect: 'any(rows, .message == "helo")'`, want: `message is never "helo" (did you mean "hello"?)`},
		{name: "a message as a match has it", old: `run: show x, expect: 'text contains "x"'`, new: `frame: {at: "f:eth1"}, expect: 'any(rows, .message == "echo-request")'`, want: `message is never "echo-request" (echo)`},
		{name: "a type that no byte has", old: `run: show x, expect: 'text contains "x"'`, new: `frame: {at: "f:eth1"}, expect: 'any(rows, .message == "type 256")'`, want: `message is never "type 256"`},
		{name: "an address of IP for one of hardware", old: `run: show x, expect: 'text contains "x"'`, new: `frame: {at: "f:eth1"}, expect: 'any(rows, .src == "10.9.0.1")'`, want: `src is never "10.9.0.1" (ipsrc and ipdst`},
		{name: "capitals in an address", old: `run: show x, expect: 'text contains "x"'`, new: `frame: {at: "f:eth1"}, expect: 'any(rows, .dst == "AA:BB:CC:00:00:01")'`, want: `dst is never "AA:BB:CC:00:00:01" (aa:bb:cc:00:00:01)`},
		{name: "an address with a length", old: `run: show x, expect: 'text contains "x"'`, new: `frame: {at: "f:eth1"}, expect: 'any(rows, .ipsrc == "10.9.0.1/24")'`, want: `ipsrc is never "10.9.0.1/24" (10.9.0.1)`},
		{name: "an address with a zero", old: `run: show x, expect: 'text contains "x"'`, new: `frame: {at: "f:eth1"}, expect: 'any(rows, .ipdst == "10.9.0.01")'`, want: `ipdst is never "10.9.0.01"`},
		{name: "an address written long", old: `run: show x, expect: 'text contains "x"'`, new: `frame: {at: "f:eth1"}, expect: 'any(rows, .ipdst == "2001:DB8:0:0::1")'`, want: `ipdst is never "2001:DB8:0:0::1" (2001:db8::1)`},
		{name: "less than no gap", old: `run: show x, expect: 'text contains "x"'`, new: `frame: {at: "f:eth1"}, expect: json.gap < 0`, want: "is never true"},
		{name: "no word of a death", old: `run: show x, expect: 'text contains "x"'`, new: `core: any, expect: 'rows[0].sig == "SIGSEGV"'`, want: `a row has no "sig" here`},
		{name: "no signal of a death", old: `run: show x, expect: 'text contains "x"'`, new: `core: any, expect: 'rows[0].signal == "SEGV"'`, want: `signal is never "SEGV" (SIGSEGV)`},
		{name: "a number for a signal", old: `run: show x, expect: 'text contains "x"'`, new: `core: any, expect: 'any(rows, .signal == 11)'`, want: `signal is never "11"`},
		{name: "two texts at once", old: `'text contains "x"'`, new: `'text == "x" and text == "y"'`, want: "is never true"},
		{name: "numbers that exclude each other", old: `run: show x, expect: 'text contains "x"'`, new: "reach: {ping: 10.0.0.9, count: 5}, expect: count > 3 and count < 4", want: "is never true"},
		{name: "ports of a protocol that has none", old: "node: f, configure: [x]", new: `link: "f:eth1", fault: drop, match: {proto: icmp, dst-port: 80}`, want: "icmp has no ports"},
		{name: "a protocol of what is not IP", old: "node: f, configure: [x]", new: `link: "f:eth1", fault: drop, match: {ethertype: arp, proto: tcp}`, want: "no IP protocol"},
		{name: "an interface that is not there", old: `run: show x, expect: 'text contains "x"'`, new: "reach: {ping: 10.0.0.9, from: eth9}", want: `no link at "eth9"`, warning: true},
		{name: "no packet", old: `run: show x, expect: 'text contains "x"'`, new: "reach: {ping: 10.0.0.9, count: 0}", want: "sends nothing"},
		{name: "no flap", old: "node: f, configure: [x]", new: `link: "f:eth1", fault: flap, times: 0`, want: "never does nothing"},
		{name: "no drop", old: "node: f, configure: [x]", new: `link: "f:eth1", fault: drop, probability: 0`, want: "never acts"},
		{name: "a control that waits less", old: "stimulus: [{node: f, configure: [x]}]", new: "stimulus: [{hold: 1s, why: y}, {node: f, configure: [x]}]", want: "nothing but waiting", warning: true},
		{name: "a ping longer than its window", old: `run: show x, expect: 'text contains "x"'`, new: "reach: {ping: 10.0.0.9, count: 4}, expect: count == 0", want: "without an answer a look takes 4s", warning: true},
		{name: "no address to ping", old: `run: show x, expect: 'text contains "x"'`, new: "reach: {ping: 10.0.0.999}", want: `"10.0.0.999" is no address`, warning: true},
		{name: "no address to ping from", old: `run: show x, expect: 'text contains "x"'`, new: "reach: {ping: 10.0.0.9, from: 10.0.0.999}", want: `"10.0.0.999" is no address`, warning: true},
		{name: "an address to ping from of another version", old: `run: show x, expect: 'text contains "x"'`, new: `reach: {ping: 10.0.0.9, from: "fe80::1"}`, want: "different versions of IP"},
		{name: "an address to connect from of another version", old: `run: show x, expect: 'text contains "x"'`, new: `reach: {tcp: "[2001:db8::2]:80", from: 10.0.0.1}`, want: "different versions of IP"},
		{name: "a text for a number", old: `run: show x, expect: 'text contains "x"'`, new: "exec: x, expect: float(text) > 5", want: "float takes no text that ends with a new line, as an answer does: write float(trim(text))", warning: true},
		{name: "a text of before for a number", old: `run: show x, expect: 'text contains "x"'`, new: "exec: x, expect: int(before.text) > 5", want: "write int(trim(before.text))", warning: true},
		{name: "a text for a number that grows", old: `run: show x, expect: 'text contains "x"', eventually: 2s`, new: "exec: x, expect: float(text), rate: {at-least: 5, over: 3s}", want: "write float(trim(text))", warning: true},
		{name: "no such feature", old: "title: A\n", new: "title: A\nneeds: [poe, pooe]\n", want: `:5:14: unknown feature "pooe" (did you mean "poe"?)`},
		{name: "a feature of no switch", old: "title: A\n", new: "title: A\nneeds: [snow]\n", want: `unknown feature "snow" (there are poe, optics`},
		{name: "no address of version 6", old: `run: show x, expect: 'text contains "x"'`, new: `reach: {ping: "2001:db8:::2"}`, want: `is no address`, warning: true},
		{name: "an address of one link", old: `run: show x, expect: 'text contains "x"'`, new: `reach: {ping: "fe80::1"}`, want: "not reached without an interface", warning: true},
		{name: "no port to connect to", old: `run: show x, expect: 'text contains "x"'`, new: `reach: {tcp: "10.0.0.9:99999"}`, want: `"99999" is no port`},
		{name: "no address to connect to", old: `run: show x, expect: 'text contains "x"'`, new: `reach: {tcp: "10.0.0.300:80"}`, want: `"10.0.0.300" is no address`, warning: true},
		{name: "an address without a port", old: `run: show x, expect: 'text contains "x"'`, new: `reach: {tcp: 10.0.0.3}`, want: "no address and port"},
		{name: "services of a switch", old: "e: {platform: exos}", new: "e: {platform: exos, services: [lldpd]}", want: "starts no services"},
		{name: "another's service", old: "b: {platform: bird}", new: "b: {platform: bird, services: [python3]}", want: `runs no service "python3" (it has bird; platform linux runs any)`},
		{name: "no trial", old: "count: 1", new: "count: 0", want: "a run of no trial"},
		{name: "a step left out twice", old: "without: [stimulus.0]", new: "without: [stimulus.0, stimulus.0]", want: "left out twice"},
		{name: "a control that is the scenario", old: "without: [stimulus.0]", new: "set: {f.image: x}", want: "the control does not differ"},
		{name: "the same platform", old: "without: [stimulus.0]", new: "set: {l.platform: linux}", want: "l.platform is linux in the scenario already"},
		{name: "the same environment", old: "without: [stimulus.0]", new: "set: {f.env.A: b}", want: "f.env.A is b in the scenario already"},
		{name: "the same configuration", old: "without: [stimulus.0]", new: `set: {f.config: "hostname f\nrouter bgp 1\n"}`, want: "f.config is hostname f … in the scenario already"},
		{name: "a setting among others", old: "without: [stimulus.0]", new: "set: {f.image: x, l.image: y}", want: "f.image is x in the scenario already"},
		{name: "a timeout below the windows", old: "trials: {count: 1}", new: "trials: {count: 1, timeout: 2s}", want: "a trial is cut off after 2s, and its windows alone take 3s"},
		{name: "more changes than looks", old: "eventually: 2s", new: "changes: {at-least: 10, within: 1s}", want: "10 changes cannot be seen within 1s"},
		{name: "a hang beyond its window", old: `expect: 'text contains "x"'`, new: "hangs: 3s", want: "not known to do so within the window of 2s"},
		{name: "a hang that expects", old: `expect: 'text contains "x"'`, new: "hangs: 1s, expect: exit == 1", want: "leave out expect"},
		{name: "a hang of a log", old: `run: show x, expect: 'text contains "x"'`, new: "log: x, hangs: 1s", want: "it is for run and exec"},
		{name: "may-fail of a fault", old: "configure: [x]", new: "fault: kill, process: bgpd, may-fail: true", want: "may-fail has no meaning here"},
		{name: "may-hold-before in the baseline", old: "eventually: 1s", new: "eventually: 1s, may-hold-before: true", want: "it is for symptoms"},
		{name: "after-false of changes", old: "eventually: 2s", new: "changes: {at-least: 1, within: 1s}, after-false: true", want: "after-false has no meaning"},
		{name: "a configuration in one line", old: `"hostname f\nrouter bgp 1\n"`, new: "router bgp 1", want: "write | after the key"},

		{name: "a daemon that is not started", old: `run: show x, expect: 'text contains "x"'`, new: "core: ospfd", want: "f does not run ospfd", warning: true},
		{name: "a process that is not started", old: "configure: [x]", new: "fault: kill, process: ldpd", want: "f does not run ldpd", warning: true},
		{name: "an expression that looks at nothing", old: `'text contains "x"'`, new: "'1 == 1'", want: "looks at nothing", warning: true},
		{name: "a constant that decides", old: `'text contains "x"'`, new: `'text contains "x" or true'`, want: `"or true" decides`, warning: true},
		{
			name: "never counts the old state", old: `run: show x, expect: 'text contains "x"', eventually: 2s`,
			new: `run: show ip route, expect: 'text contains "10.0.0.0/8"', never: 2s`, want: "never counts that", warning: true,
		},
		{
			name: "every symptom is in the baseline", old: `run: show x, expect: 'text contains "x"', eventually: 2s`,
			new: `run: show ip route, expect: 'text contains "10.0.0.0/8"', within: 1s, consistently: 1s`, want: "a trial is then inconclusive", warning: true,
		},
		{
			name: "never, of what was not there before", old: `expect: 'text contains "x"', eventually: 2s`,
			new: `expect: 'text contains "y"', never: 2s`, want: "is not there before the stimulus either", warning: true,
		},
		{
			name: "one symptom is in the baseline", old: symptom,
			new: symptom + `{name: r, node: f, run: show ip route, expect: 'text contains "10.0.0.0/8"', eventually: 1s}, `, want: "holds before the stimulus already", warning: true,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(valid, tt.old, tt.new, 1)
			if text == valid {
				t.Fatal("nothing was replaced")
			}
			l, err := scenarios.Load(write(t, text), scenarios.Options{Describe: describe})
			said := l.Warnings.Error()
			if !tt.warning {
				if err == nil {
					t.Fatalf("it is valid; warnings: %s", said)
				}
				said = err.Error()
			}
			if !strings.Contains(said, tt.want) {
				t.Errorf("got %s, want …%s…", said, tt.want)
			}
		})
	}
}

// What is right is neither refused nor warned of.
func TestValidateHolds(t *testing.T) {
	for name, edit := range map[string][2]string{
		"as it is":                      {"", ""},
		"exit after a stimulus":         {`run: show x, expect: 'text contains "x"'`, "exec: x, expect: exit == 0"},
		"some text":                     {`run: show x, expect: 'text contains "x"'`, `exec: x, expect: 'text != ""'`},
		"statuses of ovs":               {`node: f, run: show x, expect: 'text contains "x"'`, `node: o, run: list-br, exit: [0, 1], expect: 'text == ""'`},
		"one status":                    {`run: show x, expect: 'text contains "x"'`, `exec: x, exit: 1, expect: 'text == ""'`},
		"any status":                    {`run: show x, expect: 'text contains "x"'`, "exec: x, exit: any, expect: exit == 7"},
		"any status of a step on ovs":   {"node: f, configure: [x]", "node: o, run: del-br x, exit: any"},
		"statuses of a step on ovs":     {"node: f, configure: [x]", "node: o, run: del-br x, exit: [0, 1]"},
		"a death of another's program":  {`node: f, run: show x, expect: 'text contains "x"'`, "node: l, core: keepalived/VRRP"},
		"a route that should go":        {`run: show x, expect: 'text contains "x"', eventually: 2s`, `run: show ip route, expect: 'text contains "10.0.0.0/8"', within: 1s, consistently: 1s, may-hold-before: true`},
		"never, from then on":           {`run: show x, expect: 'text contains "x"', eventually: 2s`, `run: show ip route, expect: 'text contains "10.0.0.0/8"', never: 2s, after-false: true`},
		"as many answers as packets":    {`run: show x, expect: 'text contains "x"'`, "reach: {ping: 10.0.0.9, count: 3, timeout: 200ms}, expect: count == 3"},
		"a number between":              {`run: show x, expect: 'text contains "x"'`, "reach: {ping: 10.0.0.9, count: 5, timeout: 200ms}, expect: count > 2 and count < 4 or count == 0"},
		"a time below a second":         {`run: show x, expect: 'text contains "x"'`, "exec: x, expect: took > 0.5 and took < 0.7"},
		"a status that is named":        {`run: show x, expect: 'text contains "x"'`, "exec: x, exit: [0, 1], expect: exit == 1 and not (exit == 0)"},
		"ports of a protocol":           {"node: f, configure: [x]", `link: "f:eth1", fault: drop, match: {ethertype: ip, proto: tcp, dst-port: 179}`},
		"a hang":                        {`expect: 'text contains "x"'`, "hangs: 1s"},
		"numbers for names":             {"node: f, configure: [x]", `link: "f:eth1", fault: drop, match: {proto: "89", ethertype: "0x0800"}`},
		"a host by name":                {`run: show x, expect: 'text contains "x"'`, "reach: {tcp: web.lab:80}"},
		"an address with a zone":        {`run: show x, expect: 'text contains "x"'`, `reach: {ping: "fe80::1%eth1", from: eth1}`},
		"a signal without SIG":          {"configure: [x]", "fault: kill, process: bgpd, signal: term"},
		"a control without and the set": {"without: [stimulus.0]", "set: {f.image: y}"},
		"may-fail":                      {"configure: [x]", "run: x, may-fail: true"},
		"count of a log":                {`run: show x, expect: 'text contains "x"'`, "log: x, expect: count > 2"},
		"words of frames":               {`run: show x, expect: 'text contains "x"'`, `frame: {at: "f:eth1"}, expect: 'any(rows, .kind == "icmp6" and .message in ["echo", "type 200"] and .src == "02:00:00:00:00:01" and .ipsrc == "fe80::1" and .ipdst startsWith "10.")'`},
		"messages as frames have them":  {"node: f, configure: [x]", `link: "f:eth1", fault: drop, match: {proto: icmp, type: echo}`},
		"a daemon that is started":      {`run: show x, expect: 'text contains "x"'`, "core: bgpd"},
		"a program that is started":     {"stimulus: [{node: f, configure: [x]}]\nsymptom: [{name: s, node: f, run: show x, expect: 'text contains \"x\"'", "stimulus: [{node: f, exec: tcpdump -i eth1}]\nsymptom: [{name: s, node: f, core: tcpdump"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(valid, edit[0], edit[1], 1)
			if text == valid && edit[0] != "" {
				t.Fatal("nothing was replaced")
			}
			l, err := scenarios.Load(write(t, text), scenarios.Options{Describe: describe})
			if err != nil || len(l.Warnings) > 0 {
				t.Errorf("got %v, %v", err, l.Warnings)
			}
		})
	}
}

// A scenario of a record, which was valid once, is read with warnings.
func TestValidateRecorded(t *testing.T) {
	text := strings.Replace(valid, `expect: 'text contains "x"'`, "expect: count > 0", 1)
	l, err := scenarios.Load(write(t, text), scenarios.Options{Recorded: true})
	if err != nil || !strings.Contains(l.Warnings.Error(), "it is always 0") {
		t.Errorf("got %v, %v", err, l.Warnings)
	}
}
