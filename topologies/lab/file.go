package lab

import (
	"regexp"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// fileLab is a lab.yaml as written; Inventory is what it resolves to.
type fileLab struct {
	Reprise  string              `yaml:"reprise" jsonschema:"required,enum=lab/v1" jsonschema_description:"Version of this format."`
	Name     string              `yaml:"name" jsonschema:"required,pattern=^[A-Za-z0-9_][A-Za-z0-9_.-]*$" jsonschema_description:"Name of the lab, for messages and reports."`
	State    string              `yaml:"state" jsonschema_description:"Folder of leases and journal, relative to this file; default .reprise-lab beside it. Everybody who uses the lab uses the same one."`
	Defaults fileDefaults        `yaml:"defaults" jsonschema_description:"What every access and console says unless it says otherwise."`
	Devices  ordered[fileDevice] `yaml:"devices" jsonschema:"required" jsonschema_description:"The devices, by name."`
	Cables   []fileCable         `yaml:"cables" jsonschema_description:"Which port is joined to which."`
}

type fileDefaults struct {
	Transport      string    `yaml:"transport" jsonschema:"enum=ssh,enum=telnet" jsonschema_description:"How the command line is reached; of access only."`
	User           string    `yaml:"user"`
	Password       secretRef `yaml:"password"`
	Key            keyRef    `yaml:"key"`
	Enable         secretRef `yaml:"enable"`
	ServerUser     string    `yaml:"server-user"`
	ServerPassword secretRef `yaml:"server-password"`
	KnownHosts     string    `yaml:"known-hosts" jsonschema_description:"File of ssh host keys, relative to this file; default ~/.ssh/known_hosts."`
	AcceptNew      bool      `yaml:"accept-new" jsonschema_description:"A host without a key in the file is believed once and written there."`
	Legacy         bool      `yaml:"legacy" jsonschema_description:"Offer ciphers and key exchanges that are no longer safe."`
}

// DecodeYAML keeps text that stands in place of the mapping out of the message.
func (f *fileDefaults) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, path string) {
	type plain fileDefaults
	mappingOnly(d, n, (*plain)(f), path)
}

type fileDevice struct {
	Platform     string            `yaml:"platform" jsonschema:"required" jsonschema_description:"Name of the driver, such as exos, voss or scrapli:arista_eos."`
	Hostname     string            `yaml:"hostname" jsonschema_description:"What the device calls itself, when that is not its name here."`
	Model        string            `yaml:"model" jsonschema_description:"As the device says it."`
	Version      string            `yaml:"version" jsonschema_description:"Software, as known."`
	Serial       string            `yaml:"serial" jsonschema_description:"Checked against the device before it is touched."`
	Kind         string            `yaml:"kind" jsonschema:"required,enum=hardware,enum=vm,enum=simulator" jsonschema_description:"What a reproduction on it proves."`
	Access       fileAccess        `yaml:"access" jsonschema:"required" jsonschema_description:"How its command line is reached."`
	Console      *fileAccess       `yaml:"console" jsonschema_description:"A second way, for when the first is gone."`
	Ports        ordered[filePort] `yaml:"ports" jsonschema_description:"By name or range: 1, 2-24, 1:1-1:24, 1/1-1/24."`
	Capabilities []string          `yaml:"capabilities" jsonschema_description:"Words that a topology may ask for: poe, mlag."`
	Marks        []string          `yaml:"marks" jsonschema_description:"What must be said wherever evidence of this device goes: licence."`
}

type filePort struct {
	Speed string `yaml:"speed" jsonschema:"pattern=^[0-9.]+[MGT]$" jsonschema_description:"100M, 1G, 2.5G, 25G."`
}

type fileAccess struct {
	Transport      string    `yaml:"transport" jsonschema:"enum=ssh,enum=telnet,enum=console"`
	Address        string    `yaml:"address" jsonschema:"required" jsonschema_description:"host:port; the port may be left out for ssh (22) and telnet (23)."`
	User           string    `yaml:"user"`
	Password       secretRef `yaml:"password"`
	Key            keyRef    `yaml:"key"`
	Enable         secretRef `yaml:"enable" jsonschema_description:"Password of the privileged level, where the platform has one."`
	Console        string    `yaml:"console" jsonschema:"enum=raw,enum=telnet,enum=ssh" jsonschema_description:"How a terminal server's port is spoken to."`
	ServerUser     string    `yaml:"server-user" jsonschema_description:"For the terminal server itself."`
	ServerPassword secretRef `yaml:"server-password"`
	KnownHosts     string    `yaml:"known-hosts"`
	AcceptNew      *bool     `yaml:"accept-new"`
	Legacy         *bool     `yaml:"legacy"`
}

// DecodeYAML keeps text that stands in place of the mapping out of the message: it may be
// an address with a password in it.
func (f *fileAccess) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, path string) {
	type plain fileAccess
	mappingOnly(d, n, (*plain)(f), path)
}

func mappingOnly(d *yamlpos.Doc, n *yaml.Node, v any, path string) {
	if n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null" {
		d.NodeFaultf(n, "write {transport: ssh, address: …, user: …, password: env:NAME}", "text stands here, want a mapping")
		return
	}
	d.Value(n, v, path)
}

// fileCable is [a:1, b:1] in the brief form, a mapping in the extended one.
type fileCable struct {
	A     string `yaml:"a" jsonschema:"required" jsonschema_description:"device:port"`
	B     string `yaml:"b" jsonschema:"required" jsonschema_description:"device:port"`
	Speed string `yaml:"speed" jsonschema_description:"Default: that of the slower port."`
}

func (c *fileCable) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, path string) {
	if n.Kind != yaml.SequenceNode {
		type plain fileCable
		d.Value(n, (*plain)(c), path)
		return
	}
	var ends []string
	d.Value(n, &ends, path)
	if len(ends) != 2 {
		d.NodeFaultf(n, "write [sw1:1, sw2:1]", "a cable has two ends, here are %d", len(ends))
		return
	}
	c.A, c.B = ends[0], ends[1]
}

// JSONSchemaExtend adds the brief form.
func (fileCable) JSONSchemaExtend(s *jsonschema.Schema) {
	two := uint64(2)
	long := *s
	*s = jsonschema.Schema{OneOf: []*jsonschema.Schema{
		{Type: "array", Items: &jsonschema.Schema{Type: "string", Description: "device:port"}, MinItems: &two, MaxItems: &two}, &long,
	}}
}

// secretRef refers to a password. What is written is checked before anything else sees it,
// and never repeated in a message: it may be the password itself.
type secretRef string

// keyRef refers to a private key.
type keyRef string

const (
	secretPattern = `^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$` //nolint:gosec // the form of a reference, not a password
	keyPattern    = `^(agent|file:.+)$`
)

var secretForm, keyForm = regexp.MustCompile(secretPattern), regexp.MustCompile(keyPattern)

func (s *secretRef) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, _ string) {
	*s = secretRef(reference(d, n, secretForm, "a password", "write env:NAME or file:PATH"))
}

func (k *keyRef) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, _ string) {
	*k = keyRef(reference(d, n, keyForm, "a key", "write agent or file:PATH"))
}

// JSONSchema gives the forms that are taken.
func (secretRef) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: secretPattern, Description: "Reference to a password: env:NAME or file:PATH; never the password itself."}
}

// JSONSchema gives the forms that are taken.
func (keyRef) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: keyPattern, Description: "Reference to a private key: agent or file:PATH."}
}

func reference(d *yamlpos.Doc, n *yaml.Node, form *regexp.Regexp, what, hint string) string {
	switch {
	case n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null":
		return ""
	case n.Kind == yaml.ScalarNode && form.MatchString(n.Value):
		return n.Value
	}
	d.NodeFaultf(n, hint, "%s is written as a reference, never as itself", what)
	return ""
}

// ordered is a mapping that keeps the file's order, which a Go map would lose.
type ordered[T any] struct {
	names []string
	byKey map[string]T
}

func (o *ordered[T]) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, path string) {
	d.Value(n, &o.byKey, path)
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			name := n.Content[i].Value
			if _, ok := o.byKey[name]; ok && !slices.Contains(o.names, name) {
				o.names = append(o.names, name)
			}
		}
	}
	var merged []string // through <<
	for name := range o.byKey {
		if !slices.Contains(o.names, name) {
			merged = append(merged, name)
		}
	}
	slices.Sort(merged)
	o.names = append(o.names, merged...)
}

// JSONSchemaAlias describes the mapping without its order.
func (ordered[T]) JSONSchemaAlias() any { return map[string]T{} }

// schemaName names a type in the schema without the word that sets it apart here.
func schemaName(name string) string { return strings.TrimPrefix(name, "file") }
