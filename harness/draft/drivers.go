package draft

import (
	"strings"

	"github.com/reprise-lab/reprise/harness/plan"
)

// driverTable is a table that a platform's driver has a template for, and that no lab of substitutes shows.
type driverTable struct {
	command  string
	template string
	kind     Kind
	id       string // with {COLUMN}
	column   string // that says how it is
	up       string // what the column then holds; empty for anything
}

func driverTables() []driverTable {
	return []driverTable{
		{"show sharing", "exos:sharing", LAG, "member {PORT} of {MASTER}", "MEMBER", "Y"},
		{"show ports sharing", "exos:sharing", LAG, "member {PORT} of {MASTER}", "MEMBER", "Y"},
		{"show vrrp", "exos:vrrp", VRRP, "{VLAN} VRID {VRID}", "STATE", "MSTR"},
		{"show ip vrrp address", "voss:vrrp", VRRP, "VRID {VRID} {ADDRESS}", "STATE", "Master"},
		{"show lldp neighbors", "exos:lldp", LLDP, "port {PORT}", "NAME", ""},
		{"show lldp neighbor", "voss:lldp", LLDP, "port {PORT}", "NAME", ""},
	}
}

// byDriver reads a table by a driver's template; it has no rows, and is none, where no template fits.
func (r *Reader) byDriver(f []string, text string) []table {
	asked := strings.Join(f, " ")
	for _, d := range driverTables() {
		if asked != d.command || r.o.Template == nil {
			continue
		}
		template, err := r.o.Template(d.template)
		if err != nil {
			continue // a registry without the platform
		}
		t, err := plan.ParseTable(string(template))
		if err != nil {
			continue
		}
		list, err := t.Rows(text)
		if err != nil || len(list) == 0 {
			continue // beyond the bounds of templates, or of another platform
		}
		rows := map[string]row{}
		for _, columns := range list {
			id := d.id
			for name, value := range columns {
				text, _ := value.(string)
				id = strings.ReplaceAll(id, "{"+name+"}", text)
			}
			state, _ := columns[d.column].(string)
			rows[id] = row{up: d.up == "" || state == d.up, state: state}
		}
		return []table{{d.kind, rows}}
	}
	return nil
}
