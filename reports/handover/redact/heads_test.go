package redact_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/reports/handover/redact"
)

// TestHeadsOfColumns: what stands below the head of a column is what the head says, whatever parts the columns: commas, blanks,
// HTML or SQL. Of the rest of the table nothing changes.
func TestHeadsOfColumns(t *testing.T) {
	for _, tt := range []struct{ name, text, gone, kept string }{
		{"inventory", "hostname,ip,username,password,enable,serial,model\nsw-vn-1,10.1.1.1,venloU,venloPw1,venloEn1,FCW1111L0AB,C9300-24T\n", "sw-vn-1 venloU venloPw1 venloEn1 FCW1111L0AB", "C9300-24T"},
		{"inventory of German heads", "Gerät;Benutzer;Passwort;Seriennummer\nsw-olten;oltenU;oltenPw8;JAE55555X\n", "sw-olten oltenU oltenPw8 JAE55555X", ""},
		{"communities", "host,snmp_ro,snmp_rw,port\nsw-1a,leseWort7,schreibWort7,161\n", "sw-1a leseWort7 schreibWort7", "161"},
		{"columns by blanks", "USERNAME   PASSWORD     ROLE\ncoluser7   colPass77    admin\ncoluser8   colPass88    viewer\n", "coluser7 colPass77 coluser8 colPass88", "admin viewer"},
		{"show cdp neighbors", "sw9#show cdp neighbors\nDevice ID        Local Intrfce     Holdtme    Capability  Platform  Port ID\nrtm-sw2          Gig 1/0/1         143              S I   WS-C2960X Gig 0/1\n", "rtm-sw2", "Gig 1/0/1 WS-C2960X"},
		{"a name that is alone on its line", "Device-ID          Local Intrfce  Hldtme Capability  Platform      Port ID\nnx8-b.klantnet.nl(FDO22222DEF)\n                    Eth1/1         143    R S I s   N9K-C93180YC  Eth1/2\n", "nx8-b.klantnet FDO22222DEF", "Eth1/1 N9K-C93180YC"},
		{"show lldp neighbors", "Port          Neighbor Device ID       Neighbor Port ID    TTL\nEt49/1        spine7.dc.klantnet.nl    Ethernet1/1         120\n", "spine7.dc", "Et49/1 Ethernet1/1"},
		{"show edp ports", "Port  Neighbor              Neighbor-ID             Remote  Age Num\n                                                    Port        Vlans\n=======\n1     Oregon7               00:00:00:04:96:05:28:01   3:2     37  5\n", "Oregon7", "3:2 Vlans"},
		{"show users", "    Line       User       Host(s)              Idle       Location\n*  1 vty 0     pdevries7  idle                 00:00:00 pc7.klantnet.nl\n", "pdevries7 pc7.klantnet", "vty"},
		{"show cli password", "   ACCESS  LOGIN             STATE\n   rwa     basadm7           ena\n", "basadm7", "rwa ena"},
		{"show chassis hardware", "Item             Version  Part number  Serial number     Description\nChassis                                BA123             MX204\nPEM 0            REV 02   740-070749   1F186400123       AC PEM\n", "BA123 1F186400123", "MX204 740-070749"},
		{"show license udi", "Device# PID                     SN                      UDI\n*1      C9300-24T               FCW2222L0AB     C9300-24T:FCW2222L0AB\n", "FCW2222L0AB", "C9300-24T"},
		{"show crypto isakmp key", "Keyring      Hostname/Address                            Preshared Key\ndefault      203.71.1.7                                  isaKey77\n", "isaKey77", "default"},
		{"show bgp summary", "Neighbor        V         AS   MsgRcvd   MsgSent  Up/Down State/PfxRcd\nrtm7(203.72.1.2) 4      65002        10        10  00:01:00           17\n", "rtm7", "65002"},
		{"users of a system", "  PID USER      PR  NI    VIRT COMMAND\n  812 frrsys    20   0   97120 zebra\n", "", "frrsys zebra"},
		{"show lacp lag", "Lag     Actor    Actor  Partner           Partner  Partner Agg   Actor\n        Sys-Pri  Key    MAC               Sys-Pri  Key     Count MAC\n1:49         0  0x0419  00:04:96:aa:11:22     32768   0x8001      2 00:04:96:aa:33:44\n", "aa:11:22", "0x0419 0x8001 32768"},
		{"a sentence below heads", "Neighbor   Hostname\nand then the lidarbox was reset\n", "", "lidarbox"},
		{"ports", "Device ID    Port\neth1         swp3\n", "", "eth1 swp3"},
		{"Extreme's serial number", "PSU-2       : Internal PSU-2 800462-00-09 1430A-80124\n", "1430A-80124", "800462-00-09"},
		{"HTML", "<table><tr><th>Hostname</th><th>Password</th><th>Site</th></tr><tr><td>sw-aarau</td><td><b>aarauPw1</b></td><td>x7</td></tr></table>", "sw-aarau aarauPw1", "x7"},
		{"SQL", "INSERT INTO devices (name, ip, password, community, port) VALUES ('sw-sql-1', '203.43.1.1', 'sqlPw1', 'sqlCom1', 22), ('sw-sql-2', '203.43.1.2', 'sql''Pw2', 'sqlCom2', 22);\n", "sw-sql-1 sqlPw1 sqlCom1 sw-sql-2 sql''Pw2 sqlCom2", "devices 22"},
		{"SQL that is cut off", "INSERT INTO devices (name, password) VALUES ('sw-sql-1', 'sqlPw1'), ('sw-sql", "sw-sql-1 sqlPw1", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRedactor(t, redact.Options{})
			r.Learn("a.txt", []byte(tt.text))
			out := string(r.Text("a.txt", []byte(tt.text)))
			for v := range strings.FieldsSeq(tt.gone) {
				if strings.Contains(out, v) {
					t.Errorf("%q is left: %q", v, out)
				}
			}
			for v := range strings.FieldsSeq(tt.kept) {
				if !strings.Contains(out, v) {
					t.Errorf("%q is gone: %q", v, out)
				}
			}
			if strings.Count(out, "\n") != strings.Count(tt.text, "\n") {
				t.Errorf("became %q", out)
			}
		})
	}
}
