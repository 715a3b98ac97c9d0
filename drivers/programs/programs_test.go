package programs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/drivers/programs"
)

// TestOf: the programs of a line are told wherever they stand in it, and whatever is redirected.
func TestOf(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"nosuch 2>/dev/null; true", "nosuch"},
		{"tcset eth1 --loss 30% 2>/dev/null | cat", "tcset cat"},
		{"if nosuch 2>/dev/null; then true; fi", "nosuch"},
		{"nosuch >/dev/null 2>&1 &", "nosuch"},
		{"nosuch 2>&1 | grep -c hello", "nosuch grep"},
		{"x=$(nosuch 2>/dev/null); echo got $x", "nosuch"},
		{"echo \"a `nosuch` b\"", "nosuch"},
		{"/nosuch/prog 2>/dev/null || echo 0", "/nosuch/prog"},
		{"timeout 1 nosuch || echo 0", "timeout nosuch"},
		{"timeout -k 1 -s9 2s nosuch", "timeout nosuch"},
		{"timeout --signal=KILL 2 nosuch", "timeout nosuch"},
		{"env -i nosuch 2>/dev/null || echo 0", "env nosuch"},
		{"env -u X A=1 B=\"$y\" nosuch", "env nosuch"},
		{"LC_ALL=C nosuch", "nosuch"},
		{"sudo -n -u root nice -n 5 nosuch x", "sudo nice nosuch"},
		{"nohup setsid -f nosuch", "nohup setsid nosuch"},
		{"echo x | xargs -n1 -I{} nosuch {}", "xargs nosuch"},
		{"echo x | xargs", "xargs"},
		{"time nosuch", "time nosuch"},
		{"exec nosuch 2>/dev/null", "nosuch"},
		{"command nosuch", "nosuch"},
		{"ip netns exec blue nosuch -x", "ip nosuch"},
		{"ip -n x -4 link show up", "ip"},
		{`sh -c "nosuch 2>/dev/null; true"`, "sh nosuch"},
		{`timeout 5 bash -ec 'nosuch \| other'`, "timeout bash nosuch"},
		{"for i in 1 2; do nosuch $i; done", "nosuch"},
		{"case $x in a) nosuch;; esac", "nosuch"},
		{"{ nosuch; } && ( other ); ! third", "nosuch other third"},
		{"cat <<E\n$(nosuch)\nE", "cat nosuch"},
		{"diff <(nosuch) /etc/hosts", "diff nosuch"},
		{`"nosuch" 'other' && \rm x`, "nosuch rm"},
		{"[[ -d /x ]] 2>/dev/null && true", "[["},
		{"i=1; (( i++ )); nosuch", "nosuch"},
		{"/opt/x+y/g++ a", "/opt/x+y/g++"},

		{"flock /tmp/l nosuch 2>/dev/null || echo Down", "flock nosuch"},
		{"flock -w 5 /tmp/l -c 'nosuch x | cat'", "flock nosuch cat"},
		{"chrt -o 0 nosuch; taskset 1 nosuch2; taskset -p 1", "chrt nosuch taskset nosuch2"},
		{"su -c nosuch root; runuser -u root -- nosuch2; su - joe -c 'nosuch3 a'", "su nosuch runuser nosuch2 nosuch3"},
		{"setpriv --reuid 0 --nnp nosuch; setpriv --reuid=0 nosuch2; setpriv --unknown x nosuch3", "setpriv nosuch nosuch2"},
		{"chroot / nosuch; chroot /srv nosuch2", "chroot nosuch"},
		{`find / -name x -exec nosuch {} \; -execdir sh -c 'nosuch2' \;`, "find nosuch sh nosuch2"},
		{"watch -n1 nosuch; watch 'nosuch2 | tail'", "watch nosuch nosuch2 tail"},
		{`awk 'BEGIN{system("nosuch")}'; awk '{"nosuch2 x" | getline y; print | "nosuch3"}' f`, "awk nosuch nosuch2 nosuch3"},
		{"perl -e 'print `nosuch -x`; system(\"nosuch2\"); system \"$x\"'", "perl nosuch nosuch2"},
		{`awk '/a|"b"/ {print $1 || "none"}' f; perl -e 'print $x || "none"'`, "awk perl"},
		{"trap 'nosuch' EXIT; trap - EXIT", "nosuch"},
		{"strace -f -o /tmp/x nosuch; strace -p 1", "strace nosuch"},
		{"flock /tmp/l ping -c 3 10.0.0.1; flock /tmp/l grep -c foo /f", "flock ping grep"},
		{"runuser -u frr -- vtysh -c 'show ip route'; runuser -u frr ping -c 1 10.0.0.1", "runuser vtysh ping"},
		{"runuser frr -c 'nosuch x'; runuser -l frr -c nosuch2; script -q -- ping -c 1 10.0.0.1", "runuser nosuch nosuch2 script"},
		{"watch -n1 vtysh -c 'show ip route'", "watch vtysh"},
		{"trap 0 1 2; trap -- - EXIT; trap", ""},
		{`find / -exec nosuch {} + -name y -exec nosuch2 {} \;`, "find nosuch nosuch2"},
		{`awk '{print $1 "|" name "|" x}' f; awk '{print "up|" state "|"}'; awk '/system "up"/'`, "awk"},
		{`awk '{"ip route get " $1 " from x" | getline r}'; awk '{system("/opt/" $1); print | "/opt/" $1}'`, "awk"},
		{`awk '{while (("nosuch a" | getline l) > 0) print "a|b" l | "nosuch2"}'`, "awk nosuch nosuch2"},
		{`perl -e 'system("/opt/" . $t); system("nosuch") or die'`, "perl nosuch"},

		{"$x 2>/dev/null; `which y` a; ${z}foo; fo* a", "which"},
		{"f() { true; }; f; alias g=h; g", ""},
		{"command -v nosuch >/dev/null && nosuch", ""},
		{"if which nosuch; then nosuch; fi", "which"},
		{"type nosuch && timeout 1 nosuch", "timeout"},
		{"[ -x /usr/bin/nosuch ] && nosuch || true", ""},
		{"test -x /opt/nosuch && /opt/nosuch", ""},
		{"[[ -x /opt/nosuch && -d $x ]] && /opt/nosuch $(( 1 + 2 ))", "[["},
		{"PATH=/opt:$PATH nosuch", ""},
		{"export PATH=/opt; nosuch; /opt/x", "/opt/x"},
		{"env PATH=/opt nosuch", ""},
		{". /etc/functions; nosuch; /opt/x", "/opt/x"},
		{"cd /opt && ./x", ""},
		{"cp a /tmp/x; /tmp/x; rm /tmp/x", "cp rm"},
		{"timeout $t nosuch", "timeout nosuch"},
		{"timeout --unknown 1 nosuch", "timeout"},
		{"env -S 'a b' nosuch", "env"},
		{"show ip route | include (", ""},
		{"", ""},
	} {
		if got := strings.Join(programs.Of(tt.line), " "); got != tt.want {
			t.Errorf("%s\n names %s\n  want %s", tt.line, got, tt.want)
		}
	}
}

// TestScenarios: the commands of all scenarios are read, and name programs alone.
func TestScenarios(t *testing.T) {
	n, names := 0, map[string]int{}
	err := filepath.WalkDir(filepath.Join("..", "..", "scenarios"), func(file string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(file) != ".yaml" {
			return err
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var doc any
		_ = yaml.Unmarshal(data, &doc) // some are wrong on purpose, and have no commands
		execs(doc, func(line string) {
			n++
			for _, name := range programs.Of(line) {
				names[name]++
			}
		})
		return nil
	})
	if err != nil || n < 20 {
		t.Fatalf("%d commands, %v", n, err)
	}
	t.Logf("%d commands name %v", n, names)
}

// execs finds what is given to a shell.
func execs(v any, found func(string)) {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			if line, ok := inner.(string); ok && key == "exec" {
				found(line)
			}
			execs(inner, found)
		}
	case []any:
		for _, inner := range v {
			execs(inner, found)
		}
	}
}

// FuzzOf: no line breaks the reading, and what it names needs no quoting.
func FuzzOf(f *testing.F) {
	f.Add("a | timeout 1 b $(c) && sh -c 'd; e'")
	f.Fuzz(func(t *testing.T, line string) {
		for _, name := range programs.Of(line) {
			if name == "" || strings.ContainsAny(name, " '\"$`\\\n;|&<>()*?") {
				t.Errorf("%q of %q", name, line)
			}
		}
	})
}

// TestEndless: what stands within itself without end is not read, and ends nothing.
func TestEndless(t *testing.T) {
	for _, unit := range []string{"(", "((", "$(", "$((", "[[ ( ", "a[", "{ ", "`", "${a:-", "<(", "if ", "while ", "f()", "! ", "case a in b) "} {
		if got := programs.Of(strings.Repeat(unit, 1<<20/len(unit)) + " nosuch"); got != nil {
			t.Errorf("%s without end names %d programs", unit, len(got))
		}
		programs.Of(strings.Repeat(unit, 4000)) // which is read
	}
}

// TestOfManyInEachOther: what programs run each other is read to some depth, and takes no longer for what is beyond.
func TestOfManyInEachOther(t *testing.T) {
	for _, runs := range []string{"find -exec ", "nice ", "flock x ", "env a=b "} {
		begun := time.Now()
		if got := programs.Of(strings.Repeat(runs, 10_000) + "nosuch"); len(got) != 1 {
			t.Errorf("%s: %q", runs, got)
		}
		if took := time.Since(begun); took > 20*time.Second {
			t.Errorf("%s: it took %s", runs, took)
		}
	}
}
