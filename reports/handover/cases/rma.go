package cases

import (
	"fmt"
	"regexp"
	"strings"
)

// Unit is a piece of hardware to be returned. The list follows what Extreme asks for: model,
// part number, serial, revision, slot, serials of fans and power supplies, hours in service,
// diagnostics, temperature, the log lines of the failure, what was tested, entitlement and
// where to ship to.
type Unit struct {
	Model       string   `yaml:"model" json:"model"`
	Part        string   `yaml:"part,omitempty" json:"part,omitempty"`
	Serial      string   `yaml:"serial" json:"serial"`
	Revision    string   `yaml:"revision,omitempty" json:"revision,omitempty"`
	Slot        string   `yaml:"slot,omitempty" json:"slot,omitempty"`
	Fans        []string `yaml:"fans,omitempty" json:"fans,omitempty"`
	Power       []string `yaml:"power,omitempty" json:"power,omitempty"`
	Days        string   `yaml:"days,omitempty" json:"days,omitempty"` // in service, from the odometer
	Diagnostics string   `yaml:"diagnostics,omitempty" json:"diagnostics,omitempty"`
	Temperature string   `yaml:"temperature,omitempty" json:"temperature,omitempty"`
	Software    string   `yaml:"software,omitempty" json:"software,omitempty"`
	BootROM     string   `yaml:"bootrom,omitempty" json:"bootrom,omitempty"`
	Lines       []string `yaml:"lines,omitempty" json:"lines,omitempty"` // of the log, of the failure
	Tests       []string `yaml:"tests,omitempty" json:"tests,omitempty"`
	Entitlement string   `yaml:"entitlement,omitempty" json:"entitlement,omitempty"`
	ShipTo      string   `yaml:"ship-to,omitempty" json:"ship-to,omitempty"`
}

// UnitsPerSheet is how many products one request may name.
const UnitsPerSheet = 5

// placeholder are serial numbers that virtual devices and simulators show: nothing of theirs
// can be returned (SN:123456 of virtual EXOS and VOSS; SIM of our simulator).
var placeholder = regexp.MustCompile(`(?i)^(?:123456|SIM.*|0+|N/?A|none|unknown|x+|VM.*)$`)

// RefusedError says why units cannot be returned.
type RefusedError struct{ Reasons []string }

func (e *RefusedError) Error() string {
	return "no request for these units: " + strings.Join(e.Reasons, "; ")
}

// CheckUnits says why units cannot be returned: a serial that is a placeholder or is given
// twice is refused, what only is missing comes back as a list.
func CheckUnits(units []Unit) (missing []string, err error) {
	var reasons []string
	seen := map[string]bool{}
	for i, u := range units {
		name := fmt.Sprintf("unit %d (%s %s)", i+1, u.Model, u.Serial)
		serial := strings.TrimPrefix(strings.TrimSpace(u.Serial), "SN:")
		switch {
		case serial == "":
			reasons = append(reasons, name+" has no serial number: entitlement is looked up by it")
		case placeholder.MatchString(serial):
			reasons = append(reasons, name+" has the serial number of a virtual device or a simulator")
		case seen[strings.ToUpper(serial)]:
			reasons = append(reasons, name+" is named twice")
		}
		seen[strings.ToUpper(serial)] = true
		for _, field := range [][2]string{
			{"model", u.Model},
			{"part", u.Part},
			{"revision", u.Revision},
			{"days", u.Days},
			{"diagnostics", u.Diagnostics},
			{"temperature", u.Temperature},
			{"software", u.Software},
			{"lines", strings.Join(u.Lines, "")},
			{"tests", strings.Join(u.Tests, "")},
			{"entitlement", u.Entitlement},
			{"ship-to", u.ShipTo},
		} {
			if strings.TrimSpace(field[1]) == "" {
				missing = append(missing, name+": "+field[0])
			}
		}
	}
	if len(units) == 0 {
		reasons = append(reasons, "the case names no unit")
	}
	if len(reasons) > 0 {
		return missing, &RefusedError{reasons}
	}
	return missing, nil
}

// Sheets groups units as requests take them.
func Sheets(units []Unit) [][]Unit {
	var sheets [][]Unit
	for len(units) > UnitsPerSheet {
		sheets, units = append(sheets, units[:UnitsPerSheet]), units[UnitsPerSheet:]
	}
	if len(units) > 0 {
		sheets = append(sheets, units)
	}
	return sheets
}

// identity reads a unit off a switch's answers to its identity commands: model, part, serial,
// revision, BootROM, software and days in service, where they are told.
var identity = []struct { //nolint:gochecknoglobals // a table
	re  *regexp.Regexp
	set func(u *Unit, found []string)
}{
	// Switch      : 800995-00-09 18061234N-12345 Rev 9 BootROM: 2.1.2.0    IMG: 30.7.1.1
	{regexp.MustCompile(`(?m)^(Switch|Slot-\d+|System)\s*:\s*(\d{6}-\d\d-\d\d)\s+(\S+)\s+Rev\s+(\S+)(?:\s+BootROM:\s*(\S+))?(?:\s+IMG:\s*(\S+))?`), func(u *Unit, f []string) {
		u.Part, u.Serial, u.Revision = f[2], f[3], f[4]
		u.BootROM, u.Software = f[5], f[6]
		if slot, ok := strings.CutPrefix(f[1], "Slot-"); ok {
			u.Slot = slot
		}
	}},
	{regexp.MustCompile(`(?m)^System Type:\s+(\S+)`), func(u *Unit, f []string) { u.Model = f[1] }},
	{regexp.MustCompile(`(?m)^\s*(?:Image|ExtremeXOS version)\s*:?\s*(?:ExtremeXOS version\s+)?(\d+\.\d+\S*)`), func(u *Unit, f []string) { u.Software = f[1] }},
	// VOSS: ModelName : VSP-7254XSQ, SerialNum : 15JP123456AB
	{regexp.MustCompile(`(?m)^\s*ModelName\s*:\s*(\S+)`), func(u *Unit, f []string) { u.Model = f[1] }},
	{regexp.MustCompile(`(?m)^\s*Serial(?:Num|#)?\s*:\s*(\S+)`), func(u *Unit, f []string) { u.Serial = f[1] }},
	{regexp.MustCompile(`(?m)^\s*PartNumber\s*:\s*(\S+)`), func(u *Unit, f []string) { u.Part = f[1] }},
	{regexp.MustCompile(`(?m)^(?:PSU-\d|PowerSupply \d.*?)\s*:\s*.*?(\d{6}-\d\d-\d\d\s+\S+)`), func(u *Unit, f []string) { u.Power = append(u.Power, f[1]) }},
	// Odometers: Switch : X460G2-24t  2071  Jul-10-2015
	{regexp.MustCompile(`(?m)^Switch\s*:\s*\S+\s+(\d+)\s+[A-Z][a-z]{2}-\d\d-\d{4}`), func(u *Unit, f []string) { u.Days = f[1] }},
	{regexp.MustCompile(`(?m)^(?:Switch|Slot-\d+)\s*:\s*\S+\s+(\d+\.\d+)\s+(?:Normal|Alarm)`), func(u *Unit, f []string) { u.Temperature = f[1] + " °C" }},
}

// ReadUnit fills what a switch's answers tell of it. What they do not tell stays empty.
func ReadUnit(text string) Unit {
	var u Unit
	for _, r := range identity {
		for _, found := range r.re.FindAllStringSubmatch(text, -1) {
			r.set(&u, found)
		}
	}
	return u
}
