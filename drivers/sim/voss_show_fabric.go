package sim

import (
	"fmt"
	"slices"
	"strings"
)

// showFabricCommands are IS-IS, SPBM, the cluster and Fabric Attach. Nobody is on the other
// side: interfaces are down and tables are empty.
func (v *voss) showFabricCommands() []command {
	empty := func(title, head, tail string) func(*call) {
		return func(c *call) {
			c.title(title)
			c.printf("%s\n", head)
			c.rule()
			c.printf("\n%s\n", tail)
		}
	}
	return []command{
		{pattern: "show isis", run: v.showISIS},
		{pattern: "show isis system-id", run: func(c *call) {
			c.title("ISIS System-Id")
			c.printf("SYSTEM-ID\n")
			c.rule()
			c.printf("%s\n", v.systemID())
		}},
		{pattern: "show isis adjacencies [ <rest..> ]", run: func(c *call) {
			c.title("ISIS Adjacencies")
			c.printf("INTERFACE  L STATE   UPTIME      PRI HOLDTIME SYSID           HOST-NAME\n")
			c.rule()
			n := len(v.isisInterfaces())
			c.printf("\n%s\n 0 out of %d interfaces have formed an adjacency\n%s\n", strings.Repeat("-", 100), n, strings.Repeat("-", 100))
		}},
		{pattern: "show isis interface [ <rest..> ]", run: func(c *call) {
			c.title("ISIS Interfaces")
			c.printf("IFIDX      TYPE      LEVEL     OP-STATE  ADM-STATE  ADJ   UP-ADJ  SPBM-L1-METRIC\n")
			c.rule()
			for _, i := range v.isisInterfaces() {
				adm := "DOWN"
				if v.lines.has(i, "isis enable") {
					adm = "UP"
				}
				c.printf("%-10s %-9s %-9s %-9s %-10s %-5d %-7d %d\n", ifName(i), "pt-pt", "Level 1", "DOWN", adm, 0, 0, 10)
			}
		}},
		{pattern: "show isis spbm", run: v.showSPBM},
		{pattern: "show isis spbm unicast-fib [ <rest..> ]", run: empty("SPBM UNICAST FIB ENTRY INFO", "DESTINATION         BVLAN   SYSID           HOST-NAME     OUTGOING-INTERFACE  COST", "Total number of SPBM UNICAST FIB entries 0")},
		{pattern: "show isis spbm i-sid what:all|config|discover [ <rest..> ]", run: func(c *call) {
			c.title("SPBM ISID INFO")
			c.printf("ISID        SOURCE NAME   VLAN   SYSID               TYPE         HOST_NAME\n")
			c.rule()
			n := 0
			for _, id := range v.vlanIDs() {
				if i := v.vlans[id].isid; i != 0 && c.args["what"] != "discover" {
					n++
					c.printf("%-11d %-13s %-6d %-19s %-12s %s\n", i, v.nick(), v.primary(), v.systemID(), "config", v.name)
				}
			}
			c.printf("\n%s\nTotal number of SPBM ISID entries: %d\n", strings.Repeat("-", 100), n)
		}},
		{pattern: "show isis spbm nick-name", run: empty("SPBM NICK-NAME", "LSP ID                  LIFETIME   NICK-NAME   HOST-NAME", "Total number of entries: 0")},
		{pattern: "show isis lsdb [ <rest..> ]", run: empty("ISIS LSDB", "LSP ID                 LEVEL     LIFETIME   SEQUENCE   CHKSUM   HOST-NAME", "Level-1 : 0 out of 0 Total Num of LSP Entries")},
		{pattern: "show virtual-ist [ stat ]", run: func(c *call) {
			c.title("IST Info")
			c.printf("PEER-IP         VLAN    ENABLE   IST\nADDRESS         ID      IST      STATUS\n")
			c.rule()
			if f := strings.Fields(v.vist); len(f) == 5 {
				c.printf("%-15s %-7s %-8s %s\n", f[2], f[4], "true", "down")
			}
			c.printf("\nNEGOTIATED       MASTER/\nDIALECT          SLAVE\n")
			c.rule()
			if v.vist != "" {
				c.printf("%-16s %s\n", "NONE", "NONE")
			}
		}},
		{pattern: "show smlt mlt [ <id:int> ]", run: func(c *call) {
			c.title("Mlt SMLT Info")
			c.printf("MLT   ADMIN   CURRENT\nID    TYPE    TYPE\n")
			c.rule()
			for _, id := range v.mltIDs() {
				if v.lines.has(fmt.Sprintf("interface mlt %d", id), "smlt") {
					c.printf("%-5d smlt    norm\n", id)
				}
			}
		}},
		{pattern: "show fa", run: func(c *call) {
			c.printf("Fabric Attach Service : %s\nFabric Attach Element Type : Fabric Attach Server\nFabric Attach Zero Touch : enabled\nFabric Attach Agent Status : %s\n", "enabled", "disabled (simulated)")
		}},
		{pattern: "show fa interface [ <rest..> ]", run: v.showFAInterface},
		{pattern: "show fa assignment|assignments [ <rest..> ]", run: empty("Fabric Attach Assignment Map", "Interface  I-SID      Vlan   State      Origin", "0 out of 0 Total Num of fabric attach assignment mappings displayed")},
		{pattern: "show fa elements [ <rest..> ]", run: empty("Fabric Attach Discovery Elements", "                                 MGMT                                ELEM ASGN\nPORT       TYPE                 VLAN STATE SYSTEM ID                 AUTH AUTH", "0 out of 0 Total Num of fabric attach discovery elements displayed")},
		{pattern: "show i-sid [ <isid:int> ]", run: func(c *call) {
			c.title("Isid Info")
			c.printf("ISID       ISID      VLANID   PORT         MLT          ORIGIN\nID         TYPE               INTERFACES   INTERFACES\n")
			c.rule()
			n := 0
			for _, id := range v.vlanIDs() {
				if i := v.vlans[id].isid; i != 0 {
					n++
					c.printf("%-10d CVLAN     %-8d %-12s %-12s CONFIG\n", i, id, "-", "-")
				}
			}
			c.printf("\n%d out of %d Total Num of i-sids displayed\n", n, n)
		}},
		{pattern: "show slpp [ <rest..> ]", run: func(c *call) { c.printf("slpp : %s\n", onOffWord(v.lines.has("", "slpp enable"))) }},
		{pattern: "show spanning-tree mstp|rstp config|status [ <rest..> ]", run: func(c *call) { c.printf("Spanning tree does not run: this is a simulator.\n") }},
	}
}

// isisInterfaces are the contexts with IS-IS.
func (v *voss) isisInterfaces() []string {
	var out []string
	for _, i := range v.contexts("interface ") {
		if v.lines.has(i, "isis") {
			out = append(out, i)
		}
	}
	return out
}

func ifName(context string) string {
	f := strings.Fields(context)
	switch f[1] {
	case "mlt":
		return "Mlt" + f[2]
	case "gigabitEthernet":
		return "Port" + f[2]
	default:
		return strings.Join(f[1:], "")
	}
}

func (v *voss) isisValue(prefix string) string {
	for _, l := range v.lines.section("router isis") {
		if rest, ok := strings.CutPrefix(l, prefix); ok {
			return rest
		}
	}
	return ""
}

func (v *voss) systemID() string {
	h := strings.ReplaceAll(v.sw.cfg.mac(), ":", "")
	return orDefault(v.isisValue("system-id "), h[:4]+"."+h[4:8]+"."+h[8:])
}

func (v *voss) nick() string { return orDefault(v.isisValue("spbm 1 nick-name "), "0.00.00") }

func (v *voss) primary() int {
	f := strings.Fields(v.isisValue("spbm 1 b-vid "))
	if i := slices.Index(f, "primary"); i >= 0 && i+1 < len(f) {
		return atoi(f[i+1])
	}
	return 0
}

func (v *voss) showISIS(c *call) {
	state := "disabled"
	if v.lines.has("", "router isis enable") {
		state = "enabled"
	}
	c.title("ISIS General Info")
	put := func(k, val string) { c.printf("%35s : %s\n", k, val) }
	put("AdminState", state)
	put("RouterType", "Level 1")
	put("System ID", v.systemID())
	put("Max LSP Gen Interval", "900")
	put("Metric", "wide")
	put("Overload-on-startup", "20")
	put("Overload", "false")
	put("Csnp Interval", "10")
	put("PSNP Interval", "2")
	put("Rxmt LSP Interval", "5")
	put("spf-delay", "100")
	put("Router Name", v.name)
	put("ip source-address", v.isisValue("ip-source-address "))
	put("Num of Interfaces", fmt.Sprint(len(v.isisInterfaces())))
	put("Num of Area Addresses", fmt.Sprint(strings.Count(strings.Join(v.lines.section("router isis"), "\n"), "manual-area ")))
}

func (v *voss) showSPBM(c *call) {
	c.title("ISIS SPBM Info")
	c.printf("SPBM       B-VID      PRIMARY    NICK     LSDB     IP       IPV6     MULTICAST\nINSTANCE              VLAN       NAME     TRAP\n")
	c.rule()
	if slices.Contains(v.lines.section("router isis"), "spbm 1") {
		vid := strings.Fields(v.isisValue("spbm 1 b-vid "))
		b := ""
		if len(vid) > 0 {
			b = strings.ReplaceAll(vid[0], ",", "-")
		}
		on := func(what string) string { return onOffWord(v.isisValue("spbm 1 "+what) != "") }
		c.printf("%-10d %-10s %-10d %-8s %-8s %-8s %-8s %s\n", 1, b, v.primary(), v.nick(), "disable", on("ip "), on("ipv6 "), on("multicast "))
	}
	c.title("ISIS SPBM SMLT Info")
	c.printf("SPBM       SMLT-SPLIT-BEB      SMLT-VIRTUAL-BMAC      SMLT-PEER-SYSTEM-ID\nINSTANCE\n")
	c.rule()
	if peer := v.isisValue("spbm 1 smlt-peer-system-id "); peer != "" {
		c.printf("%-10d %-19s %-22s %s\n", 1, "primary", orDefault(v.isisValue("spbm 1 smlt-virtual-bmac "), "00:00:00:00:00:00"), peer)
	}
	c.printf("\nTotal Num of SPBM instances: %d\n", len(v.isisValue("spbm 1"))&1)
}

func (v *voss) showFAInterface(c *call) {
	c.title("Fabric Attach Interfaces")
	c.printf("INTERFACE  SERVER   MGMT     MGMT     MSG AUTH   MSG AUTH\n           STATUS   ISID     CVID     STATUS     KEY\n")
	c.rule()
	n := 0
	for _, i := range v.contexts("interface ") {
		if !v.lines.has(i, "fa") {
			continue
		}
		n++
		status := "disabled"
		if v.lines.has(i, "fa enable") {
			status = "enabled"
		}
		c.printf("%-10s %-8s %-8d %-8d %-10s %s\n", ifName(i), status, 0, 0, "enabled", "****")
	}
	c.printf("\n%d out of %d Total Num of fabric attach interfaces displayed\n", n, n)
}
