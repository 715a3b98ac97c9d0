package lab

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/plain"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// DefaultState is the folder beside an inventory that names none.
const DefaultState = ".reprise-lab"

// Load reads an inventory. Every fault of it is in the returned error, a yamlpos.Problems;
// a credential written as itself is one, and its value is in no message.
func Load(path string) (*Inventory, error) {
	data, err := plain.Read(path, plain.Text)
	if err != nil {
		return nil, fmt.Errorf("read inventory: %w", err)
	}
	return Parse(path, data)
}

// Parse is Load for text that was read already; relative paths in it are relative to the
// folder of file.
func Parse(file string, data []byte) (*Inventory, error) {
	d := yamlpos.Parse(file, data)
	r := &resolver{Doc: d, dir: filepath.Dir(file), inv: &Inventory{File: file}, hostnames: map[string]string{}}
	if d.Root != nil {
		d.Decode(&r.file)
		r.resolve()
	}
	d.Problems.Sort()
	if faults := d.Problems.Faults(); faults != nil {
		return nil, faults
	}
	r.inv.Warnings = d.Problems.Warnings()
	return r.inv, nil
}

type resolver struct {
	*yamlpos.Doc
	file      fileLab
	dir       string
	inv       *Inventory
	hostnames map[string]string // what a device is called → its name
}

func (r *resolver) resolve() {
	if r.file.Reprise != Version {
		r.Faultf("reprise", "write reprise: "+Version, "this is not an inventory of version %s", Version)
	}
	if !validName(r.file.Name) {
		r.Faultf("name", "letters, digits, - _ and . only, at most 63", "%q cannot name a lab", r.file.Name)
	}
	r.inv.Name = r.file.Name
	r.inv.State = r.path(cmp.Or(r.file.State, DefaultState))
	for _, name := range r.file.Devices.names {
		r.device(name, r.file.Devices.byKey[name], yamlpos.Join("devices", name))
	}
	if len(r.inv.Devices) == 0 {
		r.Faultf("devices", "", "the lab has no devices")
	}
	used := map[string]string{}
	for i, c := range r.file.Cables {
		r.cable(c, yamlpos.Index("cables", i), used)
	}
}

func (r *resolver) device(name string, f fileDevice, path string) {
	if !validName(name) {
		r.Faultf(path, "letters, digits, - _ and . only, at most 63", "%q cannot name a device", name)
	}
	d := Device{
		Name: name, Hostname: f.Hostname, Platform: f.Platform, Model: f.Model, Version: f.Version, Serial: f.Serial,
		Kind: topologies.Kind(f.Kind), Capabilities: f.Capabilities, Marks: f.Marks,
	}
	if f.Platform == "" {
		r.Faultf(path+".platform", "the driver that speaks to it, such as exos", "device %s has no platform", name)
	}
	kinds := []string{string(topologies.KindHardware), string(topologies.KindVM), string(topologies.KindSimulator)}
	if !slices.Contains(kinds, f.Kind) {
		r.Faultf(path+".kind", "one of "+strings.Join(kinds, ", "), "device %s is of no kind %q", name, f.Kind)
	}
	if d.Kind == topologies.KindSimulator && !slices.Contains(d.Marks, "simulated") {
		d.Marks = append(slices.Clone(d.Marks), "simulated")
	}
	for _, called := range []string{name, f.Hostname} {
		called = strings.ToLower(called)
		if other := r.hostnames[called]; called != "" && other != "" && other != name {
			r.Faultf(path+".hostname", "neighbours are told apart by it", "devices %s and %s have the same name", other, name)
		}
		r.hostnames[called] = name
	}
	r.identity(d, path)
	d.Access = r.access(f.Access, path+".access", topologies.Access{Transport: cmp.Or(r.file.Defaults.Transport, "ssh")})
	if f.Console != nil {
		c := r.access(*f.Console, path+".console", topologies.Access{Transport: "console"})
		d.Console = &c
	}
	d.Ports = r.ports(f, path+".ports")
	r.inv.Devices = append(r.inv.Devices, d)
}

// identity checks the serial number, by which a device is known before it is touched: no two have one, and a real switch has one.
func (r *resolver) identity(d Device, path string) {
	if d.Serial == "" {
		if d.Kind == topologies.KindHardware {
			r.Warnf(path, "show version tells it", "device %s has no serial number: that it is this one is not checked before it is touched", d.Name)
		}
		return
	}
	for _, other := range r.inv.Devices {
		if strings.EqualFold(other.Serial, d.Serial) {
			r.Faultf(path+".serial", "a device has one entry", "serial %s is that of %s", d.Serial, other.Name)
		}
	}
}

func (r *resolver) ports(f fileDevice, path string) []Port {
	var out []Port
	seen := map[string]string{}
	for _, key := range f.Ports.names {
		at := yamlpos.Join(path, key)
		names, err := expandPorts(key)
		if err != nil {
			r.Faultf(at, "", "%v", err)
		}
		speed, err := ParseSpeed(f.Ports.byKey[key].Speed)
		if err != nil {
			r.Faultf(at+".speed", "", "%v", err)
		}
		for _, name := range names {
			if first, twice := seen[NormalPort(name)]; twice {
				r.Faultf(at, "", "port %s was named before, under %q", name, first)
				break
			}
			seen[NormalPort(name)] = key
			out = append(out, Port{Name: name, Speed: speed})
		}
	}
	return out
}

func (r *resolver) access(f fileAccess, path string, base topologies.Access) topologies.Access {
	df := r.file.Defaults
	a := topologies.Access{
		Transport: cmp.Or(f.Transport, base.Transport), User: cmp.Or(f.User, df.User),
		Password: r.ref(string(cmp.Or(f.Password, df.Password))), Key: r.ref(string(cmp.Or(f.Key, df.Key))),
		Enable: r.ref(string(cmp.Or(f.Enable, df.Enable))), Console: f.Console,
		KnownHosts: r.path(cmp.Or(f.KnownHosts, df.KnownHosts)), AcceptNew: df.AcceptNew, Legacy: df.Legacy,
	}
	if f.AcceptNew != nil {
		a.AcceptNew = *f.AcceptNew
	}
	if f.Legacy != nil {
		a.Legacy = *f.Legacy
	}
	ports := map[string]string{"ssh": "22", "telnet": "23", "console": ""}
	port, known := ports[a.Transport]
	if !known {
		r.Faultf(path+".transport", "one of ssh, telnet, console", "unknown transport %q", a.Transport)
	}
	if a.Transport == "console" {
		a.ServerUser, a.ServerPassword = cmp.Or(f.ServerUser, df.ServerUser), r.ref(string(cmp.Or(f.ServerPassword, df.ServerPassword)))
		if !slices.Contains([]string{"raw", "telnet", "ssh"}, f.Console) {
			r.Faultf(path+".console", "one of raw, telnet, ssh", "unknown kind of console %q", f.Console)
		}
	} else {
		if f.Console != "" || f.ServerUser != "" || f.ServerPassword != "" {
			r.Faultf(path, "transport: console", "console, server-user and server-password are for a terminal server")
		}
	}
	if a.Transport != "ssh" && f.Console != "ssh" {
		if f.Key != "" {
			r.Faultf(path+".key", "", "a key is for ssh only")
		}
		a.Key = ""
	}
	a.Address = r.address(f.Address, port, path+".address")
	return a
}

// address checks host:port. It never repeats what has an @ in it: a password may stand there.
func (r *resolver) address(s, port, path string) string {
	if strings.Contains(s, "@") {
		r.Faultf(path, "user and password have keys of their own", "an address is host:port")
		return ""
	}
	host, p, err := net.SplitHostPort(s)
	if err != nil && port != "" && s != "" && (!strings.Contains(s, ":") || net.ParseIP(s) != nil) {
		s = net.JoinHostPort(s, port)
		host, p, err = net.SplitHostPort(s)
	}
	number, noPort := strconv.ParseUint(p, 10, 16)
	dotted := strings.Trim(host, "0123456789.") == "" && net.ParseIP(host) == nil
	if err != nil || host == "" || dotted || strings.ContainsAny(s, " \t/") || noPort != nil || number == 0 {
		r.Faultf(path, `write "10.0.0.1:22"`, "%q is not an address", s)
	}
	return s
}

// ref makes the path of a file reference absolute.
func (r *resolver) ref(s string) string {
	if p, ok := strings.CutPrefix(s, "file:"); ok {
		return "file:" + r.path(p)
	}
	return s
}

// path takes a path relative to the inventory, or below the home folder as ~/x.
func (r *resolver) path(p string) string {
	if rest, ok := strings.CutPrefix(p, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	p = filepath.Join(r.dir, p)
	if abs, err := filepath.Abs(p); err == nil {
		return abs
	}
	return p
}

func (r *resolver) cable(f fileCable, path string, used map[string]string) {
	if f.A == "" && f.B == "" {
		return // reported where it was read
	}
	speed, err := ParseSpeed(f.Speed)
	if err != nil {
		r.Faultf(path+".speed", "", "%v", err)
	}
	c := Cable{Speed: speed}
	slowest := Speed(0)
	for _, e := range []struct {
		to   *End
		text string
		path string
	}{{&c.A, f.A, r.end(path, "a", 0)}, {&c.B, f.B, r.end(path, "b", 1)}} {
		p, ok := r.plug(e.to, e.text, e.path, used)
		if !ok {
			continue
		}
		if speed > p.Speed && p.Speed > 0 {
			r.Faultf(path+".speed", "", "the cable is faster (%s) than %s (%s)", speed, e.to, p.Speed)
		}
		if p.Speed > 0 && (slowest == 0 || p.Speed < slowest) {
			slowest = p.Speed
		}
	}
	c.Speed = cmp.Or(speed, slowest)
	r.inv.Cables = append(r.inv.Cables, c)
}

// end gives the path of one end in whichever form the cable was written.
func (r *resolver) end(path, key string, i int) string {
	if r.Has(path + "." + key) {
		return path + "." + key
	}
	return yamlpos.Index(path, i)
}

func (r *resolver) plug(to *End, text, path string, used map[string]string) (Port, bool) {
	name, port, ok := strings.Cut(text, ":")
	if !ok || name == "" || port == "" {
		r.Faultf(path, "write device:port, such as sw1:5 or sw1:1:5", "%q is not the end of a cable", text)
		return Port{}, false
	}
	d, ok := r.inv.Device(name)
	if !ok {
		r.Faultf(path, yamlpos.Suggest(name, r.inv.Names()), "%s names no device of the lab", text)
		return Port{}, false
	}
	p, ok := d.Port(port)
	if !ok {
		r.Faultf(path, "its ports stand under devices."+name+".ports", "device %s has no port %s", name, port)
		return Port{}, false
	}
	*to = End{Device: name, Port: p.Name}
	if other, twice := used[to.String()]; twice {
		r.Faultf(path, other+" ends there too", "port %s has two cables", to)
		return p, false
	}
	used[to.String()] = path
	return p, true
}

func validName(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[0] == '.' {
		return false
	}
	return strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-_.") == ""
}
