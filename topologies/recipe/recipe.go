package recipe

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Labels of an image that was made by a recipe.
const (
	LabelRecipe  = "org.reprise.recipe"         // SHA-256 of the recipe
	LabelSuite   = "org.reprise.suite"          // Debian suite
	LabelPackage = "org.reprise.package."       // + name = exact Debian version
	LabelMirror  = "org.reprise.package-mirror" // the mirror, where one was named
)

// Suite is one Debian release and what is known of it beforehand.
type Suite struct {
	name string
	// ended says that the suite's security archive has been withdrawn, at least in
	// part: the release alone is used.
	ended bool
	// moving says that its versions change from day to day: it is built when it is named,
	// and its tags are known only then.
	moving bool
}

// suites lists what can be built, oldest first.
func suites() []Suite {
	return []Suite{{name: "bullseye", ended: true}, {name: "bookworm"}, {name: "trixie"}, {name: "forky", moving: true}}
}

// Software is a product that the images hold, as its driver names it.
type Software struct {
	Name  string // of the image's tag: reprise/NAME:VERSION
	Title string
	// Packages are those that it is installed from; the version of the first is its version.
	Packages []string
	// Versions are those of the suites that stand still, by suite, without Debian's part.
	Versions map[string]string
}

// Products lists what the images hold. Its names, titles and packages are the drivers' (a test
// of the program compares them): this package is below the drivers and cannot ask them.
func Products() []Software {
	return []Software{
		{"frr", "FRR", []string{"frr", "frr-pythontools"}, map[string]string{"bullseye": "7.5.1", "bookworm": "8.4.4", "trixie": "10.3"}},
		{"bird", "BIRD", []string{"bird2"}, map[string]string{"bullseye": "2.0.7", "bookworm": "2.0.12", "trixie": "2.17.6"}},
		{"ovs", "Open vSwitch", []string{"openvswitch-switch"}, map[string]string{"bullseye": "2.15.0", "bookworm": "3.1.0", "trixie": "3.5.0"}},
		{"keepalived", "keepalived", []string{"keepalived"}, map[string]string{"bullseye": "2.1.5", "bookworm": "2.2.7", "trixie": "2.3.3"}},
		{"lldpd", "lldpd", []string{"lldpd"}, map[string]string{"bullseye": "1.0.11", "bookworm": "1.0.16", "trixie": "1.0.18"}},
	}
}

// Find gives the suite of a name.
func Find(name string) (Suite, error) {
	for _, s := range suites() {
		if s.name == name {
			return s, nil
		}
	}
	return Suite{}, fmt.Errorf("unknown suite %q: known are %s", name, strings.Join(Buildable(), ", "))
}

// Choose gives the suites of these names; without one, those of Suites.
func Choose(names []string) ([]Suite, error) {
	if len(names) == 0 {
		names = Suites()
	}
	var chosen []Suite
	for _, name := range names {
		s, err := Find(name)
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, s)
	}
	return chosen, nil
}

// Name is the suite's, as Debian has it.
func (s Suite) Name() string { return s.name }

// Current reports whether labels are those of an image that this program's recipe made, from
// whatever mirror.
func Current(labels map[string]string) bool {
	s, err := Find(labels[LabelSuite])
	return err == nil && labels[LabelRecipe] == s.Digest(labels[LabelMirror])
}

// Packages gives the versions of packages that an image's labels name.
func Packages(labels map[string]string) map[string]string {
	var packages map[string]string
	for k, v := range labels {
		if name, ok := strings.CutPrefix(k, LabelPackage); ok {
			if packages == nil {
				packages = map[string]string{}
			}
			packages[name] = v
		}
	}
	return packages
}

// Identity names what an image holds that has a digest, labels and so many layers: two with the same name run the same software.
// Of an image as it was built here that is the versions of its packages; anything else, and what was made out of one of ours, is
// known by its digest only.
func Identity(digest string, labels map[string]string, layers int) string {
	packages := Packages(labels)
	if labels[LabelRecipe] == "" || layers != 1 || len(packages) == 0 {
		return digest
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(packages)) {
		list = append(list, name+" "+packages[name])
	}
	return strings.Join(list, ", ")
}

// Suites names the Debian suites whose images a ready machine has, oldest first.
func Suites() []string { return suiteNames(false) }

// Buildable names every Debian suite that an image can be made of, oldest first: Suites,
// and the one that becomes the next release.
func Buildable() []string { return suiteNames(true) }

func suiteNames(moving bool) []string {
	var names []string
	for _, s := range suites() {
		if moving || !s.moving {
			names = append(names, s.name)
		}
	}
	return names
}

// Known tells which suite a well-known tag such as reprise/frr:8.4.4 belongs to.
func Known(ref string) (suiteName string, ok bool) {
	for _, s := range suites() {
		if slices.Contains(s.refs(), ref) {
			return s.name, true
		}
	}
	return "", false
}

// KnownRefs lists the well-known tags, suite by suite.
func KnownRefs() []string {
	var refs []string
	for _, s := range suites() {
		refs = append(refs, s.refs()...)
	}
	return refs
}

// refs lists the suite's tags before anything is built, its own name first.
func (s Suite) refs() []string {
	refs := []string{SuiteRef(s.name)}
	for _, sw := range Products() {
		if v := sw.Versions[s.name]; v != "" {
			refs = append(refs, Repository+sw.Name+":"+v)
		}
	}
	return refs
}

// Repository is what the names of all images of this project begin with.
const Repository = "reprise/"

// SuiteRef is the tag of a suite's image.
func SuiteRef(suiteName string) string { return Repository + "debian:" + suiteName }

// packages lists what is installed on top of the minimal system.
func packages() []string {
	var names []string
	for _, sw := range Products() {
		names = append(names, sw.Packages...)
	}
	names = append(names, others()...)
	return append(names, "tini", "iproute2", "iputils-ping", "iputils-arping", "procps", "nftables", "ethtool", "tcpdump", "libfaketime")
}

// others lists what is run without a driver of its own: relays and servers of DHCP.
func others() []string { return []string{"dnsmasq-base", "isc-dhcp-relay", "isc-dhcp-server"} }

// recorded lists the packages whose versions become labels.
func recorded() []string {
	var names []string
	for _, sw := range Products() {
		names = append(names, sw.Packages[0])
	}
	return append(append(names, others()...), "libc6", "iproute2")
}

// Entrypoint is the program that an image begins with: an init that reaps, and nothing else.
func Entrypoint() []string { return []string{"/usr/bin/tini", "--"} }

// Command is what the entrypoint starts.
func Command() []string { return []string{"sleep", "infinity"} }

// Environment is what every process of a node finds.
func Environment() []string {
	return []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/frr", "LC_ALL=C.UTF-8"}
}

func list(words []string) string {
	text, _ := json.Marshal(words) // strings
	return string(text)
}

// packagesEnd closes the list of versions that the hook prints.
const packagesEnd = "reprise-packages-end"

// arguments is the mmdebstrap command line, without the program's name. mirror may
// be empty: mmdebstrap then uses the distribution's own.
func (s Suite) arguments(mirror string) []string {
	args := []string{
		"--variant=minbase", "--include=" + strings.Join(packages(), ","),
		"--aptopt=APT::Install-Recommends \"false\"", "--dpkgopt=force-unsafe-io",
	}
	for _, path := range []string{"man", "locale", "doc", "info", "lintian", "bash-completion"} {
		args = append(args, "--dpkgopt=path-exclude=/usr/share/"+path+"/*")
	}
	args = append(args, "--dpkgopt=path-exclude=/usr/lib/*/perl/*/CORE/*")
	if s.ended {
		args = append(args, `--setup-hook=sed -i /-security/d "$1/etc/apt/sources.list"`)
	}
	if s.moving {
		// It gets its fixes by itself; the archives beside it are empty until it is released.
		// A mirror that lags is as good: it is signed, and the labels say what is inside.
		args = append(args, `--aptopt=Acquire::Check-Valid-Until "false"`, `--setup-hook=sed -i "/-security/d;/-updates/d" "$1/etc/apt/sources.list"`)
	}
	// The state of a first start is a node's own: keys, databases and machine ids are
	// made by the driver, and logs of the installation are nobody's.
	args = append(args, `--customize-hook=rm -rf "$1"/var/log/apt "$1"/var/log/*.log "$1"/etc/openvswitch/conf.db "$1"/etc/machine-id`,
		`--customize-hook=dpkg-query --admindir="$1/var/lib/dpkg" -W -f 'reprise-package ${Package} ${Version}\n' >&2; echo `+packagesEnd+` >&2`,
		s.name, "-")
	if mirror != "" {
		args = append(args, mirror)
	}
	return args
}

// Digest names the recipe: the same digest promises the same way of building, not
// the same package versions.
func (s Suite) Digest(mirror string) string {
	h := sha256.New()
	config := []string{"ENTRYPOINT " + list(Entrypoint()), "CMD " + list(Command()), "ENV " + strings.Join(Environment(), " ")}
	for _, part := range append(s.arguments(mirror), config...) {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// upstream cuts a Debian version to the upstream version: no epoch, no revision, no
// repackaging or update suffix.
func upstream(version string) string {
	if _, after, found := strings.Cut(version, ":"); found {
		version = after
	}
	if i := strings.LastIndexByte(version, '-'); i >= 0 {
		version = version[:i]
	}
	if i := strings.IndexAny(version, "+~"); i >= 0 {
		version = version[:i]
	}
	return version
}

// Tags lists every tag of a built image by the versions found in it.
func (s Suite) Tags(versions map[string]string) []string {
	tags := []string{SuiteRef(s.name)}
	for _, sw := range Products() {
		if v := versions[sw.Packages[0]]; v != "" {
			tags = append(tags, Repository+sw.Name+":"+upstream(v))
		}
	}
	return tags
}

// Labels tell of an image how it was made and what it holds.
func (s Suite) Labels(mirror string, versions map[string]string) map[string]string {
	labels := map[string]string{LabelRecipe: s.Digest(mirror), LabelSuite: s.name}
	if mirror != "" {
		labels[LabelMirror] = mirror
	}
	for _, p := range recorded() {
		if v := versions[p]; v != "" {
			labels[LabelPackage+p] = v
		}
	}
	return labels
}
