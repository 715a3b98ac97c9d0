package sim

import (
	"maps"
	"slices"
	"strings"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// stpDomains are s0 and those that were created.
func (x *exos) stpDomains() []string {
	domains := []string{"s0"}
	for _, l := range x.lines.section("stp") {
		if n, ok := strings.CutPrefix(l, "create stpd "); ok {
			domains = append(domains, n)
		}
	}
	return domains
}

func (x *exos) stpEnabled(domain string) bool {
	return x.lines.has("stp", "enable stpd "+domain) || slices.Contains(x.lines.section("stp"), "enable stpd")
}

func (x *exos) showSTP(c *call) {
	c.printf("MSTP Global Configuration:\nMSTP Region Name            : %s\nMSTP Format Identifier      : 0\nMSTP Revision Level         : 3\nCommon and Internal Spanning Tree (CIST) : ----\nTotal Number of MST Instances (MSTI)     : 0\n\n", strings.ReplaceAll(x.sw.cfg.mac(), ":", ""))
	c.printf("Name      Tag  Flags  Ports  Bridge ID           Designated Root     Rt Port  Rt Cost\n%s\n", strings.Repeat("-", 86))
	for _, d := range x.stpDomains() {
		flag := "D"
		if x.stpEnabled(d) {
			flag = "E"
		}
		id := "8000" + strings.ReplaceAll(x.sw.cfg.mac(), ":", "")
		root := "0000000000000000"
		if flag == "E" {
			root = id
		}
		c.printf("%-9s %04d %s----- %5d  %-19s %-19s %-8s %d\n", d, 0, flag, len(x.stpPorts(d)), id, root, "-------", 0)
	}
	c.printf("\nTotal number of STPDs: %d\nFlags: (E) Topology is enabled, (D) is disabled\n", len(x.stpDomains()))
}

// stpPorts are the ports that configuration put into a domain.
func (x *exos) stpPorts(domain string) []string {
	seen := map[string]bool{}
	for _, l := range x.lines.section("stp") {
		f := strings.Fields(l)
		if len(f) > 7 && f[0] == "configure" && f[2] == domain && f[3] == "add" {
			ports, _ := x.set.parse(f[7])
			for _, p := range ports {
				seen[p] = true
			}
		}
		if len(f) == 6 && strings.HasPrefix(l, "enable stpd "+domain+" auto-bind vlan ") {
			if v := x.vlan(f[5]); v != nil {
				maps.Copy(seen, v.tagged)
				maps.Copy(seen, v.untagged)
			}
		}
	}
	ports := slices.Collect(maps.Keys(seen))
	x.set.sort(ports)
	return ports
}

func (x *exos) stpdArg(c *call) bool {
	if slices.Contains(x.stpDomains(), c.args["stpd"]) {
		return true
	}
	c.fail("Error: stpd %s does not exist.", c.args["stpd"])
	return false
}

func (x *exos) showSTPDomain(c *call) {
	if !x.stpdArg(c) {
		return
	}
	d := c.args["stpd"]
	id := "80:00:" + x.sw.cfg.mac()
	root := "00:00:00:00:00:00:00:00"
	if x.stpEnabled(d) {
		root = id
	}
	c.printf("Stpd: %s               Stp: %s          Number of Ports: %d\nRapid Root Failover: Disabled\nOperational Mode: 802.1D                  Default Binding Mode: 802.1D\n802.1Q Tag: (none)\nPorts: %s\nActive VLANs: (none)\nBridge Priority: 32768\nBridgeID:        %s\nDesignated root: %s\nRootPathCost: 0    Root Port: ----\nMaxAge: 20s        HelloTime: 2s     ForwardDelay: 15s\nTopology Change Time: 35s          Hold time: 1s\nTopology Change Detected: FALSE    Topology Change: FALSE\nNumber of Topology Changes: 0\nTime Since Last Topology Change: 0s\n",
		d, strings.ToUpper(onOff(x.stpEnabled(d))), len(x.stpPorts(d)), x.set.format(x.stpPorts(d)), id, root)
}

func (x *exos) showSTPPorts(c *call) {
	if !x.stpdArg(c) {
		return
	}
	c.printf("Port     Mode   State      Cost  Flags     Priority Port ID Designated Bridge\n")
	for _, p := range x.stpPorts(c.args["stpd"]) {
		state, flags := "DISABLED", "e--------"
		if x.stpEnabled(c.args["stpd"]) && x.sw.oper(p) {
			state, flags = "LISTENING", "eDepw----"
		}
		c.printf("%-8s 802.1D %-10s 20000 %s 128      %4d    80:00:%s\n", p, state, flags, 0x8001+x.set.index[p], x.sw.cfg.mac())
	}
	c.printf("\nTotal Ports: %d\n\n------------------------- Flags: ----------------------------\n1:                e=Enable, d=Disable\n2: (Port role)    R=Root, D=Designated, A=Alternate, B=Backup, M=Master\n", len(x.stpPorts(c.args["stpd"])))
}

// neighbours are those of a protocol whose port is up and has the protocol on.
func (x *exos) neighbours(protocol string) []Neighbour {
	var out []Neighbour
	for _, n := range x.sw.cfg.Neighbours {
		cfg := x.portCfg[n.Port]
		if n.Protocol != protocol || !x.sw.oper(n.Port) || protocol == ProtocolEDP && cfg.noEDP || protocol == ProtocolLLDP && cfg.noLLDP {
			continue
		}
		out = append(out, n)
	}
	slices.SortStableFunc(out, func(a, b Neighbour) int { return x.set.index[a.Port] - x.set.index[b.Port] })
	return out
}

func (x *exos) showEDP(c *call) {
	if c.args["ports"] == "" {
		c.printf("EDP advert-interval    :60 seconds\nEDP holddown-interval  :180 seconds\nEDP enabled on ports   :%s\n", strings.ReplaceAll(x.set.format(x.portsWhere(func(p *exosPort) bool { return !p.noEDP })), ",", " "))
		return
	}
	chosen := x.portsArg(c, "ports")
	c.printf("Port  Neighbor               Neighbor-ID             Remote      Age    Num\n                                                     Port               Vlans\n%s\n", strings.Repeat("=", 78))
	for _, n := range x.neighbours(ProtocolEDP) {
		if slices.Contains(chosen, n.Port) {
			c.printf("%-5s %-22.22s %-23s %-11s %-6d %d\n", n.Port, n.RemoteName, "00:00:"+n.RemoteID, n.RemotePort, 30, 1)
		}
	}
	c.printf("%s\n", strings.Repeat("=", 78))
}

func (x *exos) showLLDP(c *call) {
	rule := strings.Repeat("=", 78)
	chosen := x.chosen(c)
	if slices.Contains(c.canon, "detailed") {
		for _, n := range x.neighbours(ProtocolLLDP) {
			if slices.Contains(chosen, n.Port) {
				c.printf("%s\nLLDP Port %s detected 1 neighbor\n  Neighbor: %s/%s, age 15 seconds\n    - Chassis ID type: MAC address (4)\n      Chassis ID     : %s\n    - Port ID type: ifName (5)\n      Port ID     : %q\n    - Time To Live: 120 seconds\n    - System Name: %q\n\n", strings.Repeat("-", 77), n.Port, n.RemoteID, n.RemotePort, n.RemoteID, n.RemotePort, n.RemoteName)
			}
		}
		return
	}
	c.printf("\n            Neighbor                Neighbor                Neighbor\nPort        Chassis ID              Port ID                 TTL     Age     System Name\n%s\n", rule)
	for _, n := range x.neighbours(ProtocolLLDP) {
		if slices.Contains(chosen, n.Port) {
			name := n.RemoteName
			if name == "" {
				name = "Not-Advertised"
			}
			c.printf("%-11s %-23.23s %-23.23s %-7d %-7d %s\n", n.Port, n.RemoteID, n.RemotePort, 120, 15, name)
		}
	}
	c.printf("%s\nNOTE: The Chassis ID and/or Port ID might be truncated to fit the screen.\n\n", rule)
}

// showAssignments lists what was asked for: no server ever answers.
func (x *exos) showAssignments(c *call) {
	c.printf("                                   Fabric Attach Mode: Proxy\nPort     VLAN  VLAN Name                        Type     ISID/NSI   Status\n%s\n", strings.Repeat("=", 78))
	for _, n := range x.vlanNames() {
		if v := x.vlans[n]; v.isid != 0 {
			c.printf("%-8s %-5d %-32s %-8s %-10d %s\n", "None", v.tag, n, "Static", v.isid, "Pending")
		}
	}
	c.printf("%s\n", strings.Repeat("-", 78))
}

func (x *exos) showELRP(c *call) {
	status := "disabled"
	if x.lines.has("elrp", "enable elrp-client") {
		status = "enabled"
	}
	var clients []string
	for _, l := range x.lines.section("elrp") {
		if rest, ok := strings.CutPrefix(l, "configure elrp-client periodic "); ok {
			clients = append(clients, rest)
		}
	}
	c.printf("ELRP Standalone Client: %s\n\nNumber of ELRP sessions: %d\nNumber of ELRP pkts transmitted: 0\nNumber of ELRP pkts received: 0\n\nClient           Vlan             Ports    Int   Count Cyclic Pkts-Xmit Pkts-Rcvd Action\n%s\n", status, len(clients), strings.Repeat("-", 86))
	for _, cl := range clients {
		f := strings.Fields(cl)
		if len(f) < 5 {
			continue
		}
		action := "L"
		switch {
		case slices.Contains(f, "disable-port"):
			action = "LD"
		case slices.Contains(f, "log-and-trap"):
			action = "LT"
		}
		c.printf("%-16s %-16s %-8s %-5s %-5d %-6s %-9d %-9d %s\n", "CLI", f[0], f[2], f[4], 0, "Yes", 0, 0, action)
	}
	c.printf("%s\nAction : (P) Print , (L) Log , (T) Trap , (C) Callback\n         (D) Disable ingress port\n", strings.Repeat("-", 86))
}
