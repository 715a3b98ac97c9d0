package images

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Labels of an image that this package made.
const (
	LabelRecipe  = "org.reprise.recipe"         // SHA-256 of the recipe
	LabelSuite   = "org.reprise.suite"          // Debian suite
	LabelPackage = "org.reprise.package."       // + name = exact Debian version
	LabelMirror  = "org.reprise.package-mirror" // the mirror, where one was named
)

// suite is one Debian release and what is known of it beforehand.
type suite struct {
	name string
	// ended says that the suite's security archive has been withdrawn, at least in
	// part: the release alone is used.
	ended bool
	// moving says that its versions change from day to day: it is built when it is named,
	// and its tags are known only then.
	moving bool
}

// suites lists what can be built, oldest first.
func suites() []suite {
	return []suite{{name: "bullseye", ended: true}, {name: "bookworm"}, {name: "trixie"}, {name: "forky", moving: true}}
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
func (s suite) refs() []string {
	refs := []string{SuiteRef(s.name)}
	for _, sw := range Products() {
		if v := sw.Versions[s.name]; v != "" {
			refs = append(refs, "reprise/"+sw.Name+":"+v)
		}
	}
	return refs
}

// SuiteRef is the tag of a suite's image.
func SuiteRef(suiteName string) string { return "reprise/debian:" + suiteName }

// packages lists what is installed on top of the minimal system.
func packages() []string {
	var list []string
	for _, sw := range Products() {
		list = append(list, sw.Packages...)
	}
	return append(list, "tini", "iproute2", "iputils-ping", "iputils-arping", "procps", "nftables", "ethtool", "tcpdump")
}

// recorded lists the packages whose versions become labels.
func recorded() []string {
	var list []string
	for _, sw := range Products() {
		list = append(list, sw.Packages[0])
	}
	return append(list, "libc6", "iproute2")
}

// Entrypoint and command of an image: an init that reaps, and nothing else.
const (
	changeEntrypoint = `ENTRYPOINT ["/usr/bin/tini","--"]`
	changeCmd        = `CMD ["sleep","infinity"]`
	changeEnv        = `ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/frr LC_ALL=C.UTF-8`
)

// packagesEnd closes the list of versions that the hook prints.
const packagesEnd = "reprise-packages-end"

// arguments is the mmdebstrap command line, without the program's name. mirror may
// be empty: mmdebstrap then uses the distribution's own.
func (s suite) arguments(mirror string) []string {
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

// digest names the recipe: the same digest promises the same way of building, not
// the same package versions.
func (s suite) digest(mirror string) string {
	h := sha256.New()
	for _, part := range append(s.arguments(mirror), changeEntrypoint, changeCmd, changeEnv) {
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

// tags lists every tag of a built image by the versions found in it.
func (s suite) tags(versions map[string]string) []string {
	tags := []string{SuiteRef(s.name)}
	for _, sw := range Products() {
		if v := versions[sw.Packages[0]]; v != "" {
			tags = append(tags, "reprise/"+sw.Name+":"+upstream(v))
		}
	}
	return tags
}

// changes are the instructions that the engine applies to the imported tree.
func (s suite) changes(mirror string, versions map[string]string) []string {
	list := []string{
		changeEntrypoint, changeCmd, changeEnv,
		"LABEL " + LabelRecipe + "=" + s.digest(mirror), "LABEL " + LabelSuite + "=" + s.name,
	}
	if mirror != "" {
		list = append(list, fmt.Sprintf("LABEL %s=%q", LabelMirror, mirror))
	}
	for _, p := range recorded() {
		if v := versions[p]; v != "" {
			list = append(list, fmt.Sprintf("LABEL %s%s=%q", LabelPackage, p, v))
		}
	}
	return list
}
