package intake

import (
	"cmp"
	"slices"
	"strings"
)

// together says what all parts of a device tell, and what is missing.
func (im *Import) together(o *Options) {
	type key struct{ device, platform string }
	byKey := map[key]*Device{}
	var order []key
	answered, refused, asks := map[key][]string{}, map[key][]string{}, map[key]bool{}
	for i := range im.Files {
		f := &im.Files[i]
		for _, p := range f.Parts {
			if p.Device == "" && p.Platform == "" {
				continue
			}
			k := key{p.Device, p.Platform}
			if p.Platform == "" || p.Platform == "linux" { // a log or a shell of a device that is known by another part
				for _, o := range order {
					if o.device == p.Device && p.Device != "" {
						k = o
					}
				}
			}
			d := byKey[k]
			if d == nil {
				d = &Device{Device: p.Device, Platform: p.Platform}
				byKey[k] = d
				order = append(order, k)
			}
			d.take(f.Name, p)
			asks[k] = asks[k] || p.Kind != Log
			for _, c := range p.Commands {
				if c.Status == Refused {
					refused[k] = append(refused[k], c.Command)
				} else if c.Status != Empty || c.Command != "" {
					answered[k] = append(answered[k], c.Command)
				}
			}
		}
	}
	slices.SortStableFunc(order, func(a, b key) int {
		return cmp.Or(cmp.Compare(a.device, b.device), cmp.Compare(a.platform, b.platform))
	})
	for _, k := range order {
		im.Devices = append(im.Devices, *byKey[k])
		for _, class := range o.Classes {
			if o.Commands == nil || k.device == "" && !asks[k] { // a log of nobody owes no commands
				continue
			}
			need := Need{Device: k.device, Platform: k.platform, Class: class}
			for _, want := range o.Commands(k.platform, class) {
				switch {
				case slices.ContainsFunc(answered[k], func(c string) bool { return sameCommand(c, want) }):
				case slices.ContainsFunc(refused[k], func(c string) bool { return sameCommand(c, want) }):
					need.Refused = append(need.Refused, want)
				default:
					need.Commands = append(need.Commands, want)
				}
			}
			if len(need.Commands)+len(need.Refused) > 0 {
				im.Missing = append(im.Missing, need)
			}
		}
	}
}

// take adds what a part tells. What an earlier one told of the device and this one denies is kept
// beside it.
func (d *Device) take(file string, p *Part) {
	if !slices.Contains(d.Files, file) {
		d.Files = append(d.Files, file)
	}
	if p.SameAs == "" {
		d.Commands += len(p.Commands) + p.More
	}
	for _, fact := range []struct {
		name  string
		place *string
		value string
	}{{"version", &d.Version, p.Version}, {"model", &d.Model, p.Model}, {"serial", &d.Serial, p.Serial}} {
		switch {
		case fact.value == "" || fact.value == *fact.place:
		case *fact.place == "":
			*fact.place = fact.value
		case fact.name != "model" && !strings.HasPrefix(*fact.place, fact.value) && !strings.HasPrefix(fact.value, *fact.place):
			d.Contradictions = append(d.Contradictions, fact.name+" is "+*fact.place+", and "+fact.value+" in "+file)
		}
	}
	for _, u := range p.Units {
		if !slices.Contains(d.Units, u) {
			d.Units = append(d.Units, u)
		}
	}
	d.Contradictions = append(d.Contradictions, p.Contradictions...)
	if p.Taken.After(d.Newest) {
		d.Newest = p.Taken
	}
}

// sameCommand reports whether two commands ask the same, in any of their short forms and without
// what only says how it is shown.
func sameCommand(a, b string) bool {
	x, y := words(a), words(b)
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if !sameWord(x[i], y[i]) {
			return false
		}
	}
	return true
}

// words are those of a command that say what is asked.
func words(command string) []string {
	command, _, _ = strings.Cut(strings.ToLower(command), "|")
	return slices.DeleteFunc(strings.Fields(command), func(w string) bool { return w == "no-refresh" || w == "no-more" })
}
