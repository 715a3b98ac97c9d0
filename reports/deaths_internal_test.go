package reports

import "testing"

func TestDeathWords(t *testing.T) {
	for text, want := range map[string]string{
		`[{"process":"bird","pid":44,"exit":139,"signal":"SIGSEGV","at":"2026-11-28T07:43:26.848648309Z","core":"/var/lib/reprise/cores/core.bird.44","last-log":"Segmentation fault\n(core dumped)"}]`: "bird (pid 44) died of SIGSEGV, status 139, at 07:43:26.848 UTC; core file /var/lib/reprise/cores/core.bird.44; last words: Segmentation fault (core dumped)",
		`[{"process":"zebra","exit":1,"at":"yesterday","sent-by":"stimulus[0]"},{"process":"bgpd","pid":0,"exit":0}]`:                                                                                   "zebra ended with status 1, at yesterday; sent by: stimulus[0]\nbgpd ended with status 0",
		`[{"process":"bgpd","pid":7,"exit":134,"signal":"SIGABRT","title":"bgpd: assertion (x) failed in f()","kind":"assert","alt":["bgpd: SIGABRT"]}]`:                                                "bgpd (pid 7) died of SIGABRT, status 134; it is bgpd: assertion (x) failed in f()",
		`[{"process":"bgpd","exit":134,"signal":"SIGABRT","title":"bgpd: SIGABRT","kind":"crash"},{"process":"bgpd","exit":1,"title":"bgpd: exit status 1","kind":"exit"}]`:                             "bgpd died of SIGABRT, status 134\nbgpd ended with status 1",
		`[{}]`:               "a process ended",
		`[]`:                 "nothing died",
		`[{"process":"bird"`: `[{"process":"bird"`, // cut in the record
		`no list`:            `no list`,
		`{"a":1}`:            `{"a":1}`,
	} {
		if got := deathWords(text); got != want {
			t.Errorf("%s:\n%q, want\n%q", text, got, want)
		}
	}
}
