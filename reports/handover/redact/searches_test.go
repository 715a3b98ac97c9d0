package redact_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/reports/handover/redact"
)

// searched are texts with and without what the expressions over whole texts look for.
func searched(tb testing.TB) []string {
	tb.Helper()
	long := strings.Repeat("q7", 12)
	texts := []string{
		"", "\n", "\n\n", "* sw1.3 # show", "(pending) Slot-1 core-a.7 > x", "sw1-core:1>show", "RP/0/RP0/CPU0:pe-1#show", "fw-1 (vdom) # get system\nfw-2 $ diag", "(wlc-1) [mynode] #show",
		"admin@fw-1(active)> show", "A:admin@pe-2# info", "*B:pe-3>show", "<edge-1>display", "[~edge-2-GigabitEthernet0/0]undo shutdown", "rtr-1(config)#exit\r\nrtr-2# sh", "rtr-3(vlan-7)# x", "rtr-4 uptime is 3 weeks",
		"Mar 1 00:00:00: rtr-5: %SYS-5-CONFIG", "alice : EAP \"x\"\n\"bob\" %any : XAUTH \"y\"", "carol Cleartext-Password := \"x\"", "7up. User-Password == x", "dave@host-1$ ls\n[erin@host-2 ~]# ls\nfrank@host-3:~/x$ ls",
		"SNMPv2-MIB::sysName.0 = STRING: rtr-6\n.1.3.6.1.2.1.1.5.0 = \"rtr-7\"", "uid=1000(grace) gid=1 uid=1(hans) gid=2", "PING rtr-8 (10.0.0.1)", " rtr-9# show", "{\"a\":\"rtr-9# show\"}", "x\n" + strings.Repeat("rtr-1#show\n", 1200),
		"password=" + long, "PassWord\": \"" + long + "\"", "passwd " + long, "passphrase==:\n" + long + ";", "secret'='" + long, "token:" + long[:19], "token:" + long[:20], "token:" + long[:21] + "<", "community \t " + long, "api_key=" + long, "api-key=" + long + " apikey=" + long,
		"psk=" + long, "authkey: " + long, "key-string " + long, "pa\u017fsword=" + long, "to\u212aen=" + long, "token=\u212a" + long, "password" + long, "password=" + strings.Repeat("=", 30), "password\"\"=" + long, "password=\"'" + long, "password =:=" + long[:17], "password=" + "token=" + long,
		"passwordpassword=token:secret=" + long, "password", "password=", "password='", "xpassword=" + long, "secret = short token = " + long + ",psk=" + long,
	}
	for _, name := range samples {
		texts = append(texts, string(read(tb, name)))
	}
	return append(texts, strings.Join(texts, "\n"), strings.Join(texts, " "))
}

// TestSearchesAreWhole: what is looked for in few lines, or where a word begins, is found as if it were looked for
// everywhere.
func TestSearchesAreWhole(t *testing.T) {
	for _, text := range searched(t) {
		checkSearches(t, text)
	}
}

func FuzzSearches(f *testing.F) {
	for _, text := range searched(f) {
		f.Add(text)
	}
	f.Fuzz(checkSearches)
}

func checkSearches(t *testing.T, text string) {
	t.Helper()
	if diff := cmp.Diff(redact.PromptNamesOfAll([]byte(text)), redact.PromptNamesOf([]byte(text))); diff != "" {
		t.Errorf("names in %.200q: -all +few:\n%s", text, diff)
	}
	for _, n := range []int{1, 10000} {
		if diff := cmp.Diff(redact.AnnouncedInAll([]byte(text), n), redact.AnnouncedIn([]byte(text), n)); diff != "" {
			t.Errorf("announced in %.200q: -all +few:\n%s", text, diff)
		}
	}
}
