package linux_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/linux"
)

func TestGrammar(t *testing.T) {
	got := drivertest.Outline(drivertest.Grammar(t, linux.Factory{}, []byte(sample)))
	if diff := cmp.Diff(strings.TrimPrefix(sampleOutline, "\n"), got); diff != "" {
		t.Error(diff)
	}
}

// TestGrammarStatements has scripts that are one block each: nothing of them stands alone.
func TestGrammarStatements(t *testing.T) {
	for _, script := range []string{
		"for i in 1 2; do\n  if true; then echo done\n  fi\ndone",
		"while :\ndo\n  break\ndone | cat",
		"case $1 in\n  (a|b) echo fi;;\n  done) case x in x) :;; esac ;;\n  *) echo ;;\nesac",
		"f()\n{\n  echo }\n}",
		"f () { echo a\n}",
		"{ echo a\n  echo b\n} > /tmp/x",
		"( echo a\n echo b )",
		"x=$(\n  echo $((1 << 2)) \"$(echo ')' \")\" )\"\n)",
		"echo 'a\nb # \"\nc'",
		"echo \"a `echo b\n` ${x:-\"}\"}\n\"",
		"echo a \\\n  b \\\n  c",
		"echo a |\n# why\n\n  cat",
		"true &&\n  true ||\n  false",
		"cat <<A <<-'B' > /tmp/x; echo y\n'\nA\n\t\"\n\tB",
		"cat <<EOF | sh\nif\nEOF",
		"if true; then\n  cat <<EOF > /tmp/x\nfi\nEOF\nfi",
		"cat > /tmp/x <<EOF\nnever closed\n",
		"echo 'never closed\nx",
		"until ! false; do\n echo a#b 2>&1 & done",
		"if [ -e /x ]; then echo a; elif :; then echo b; else echo c\nfi",
	} {
		if blocks := drivertest.Grammar(t, linux.Factory{}, []byte(script)); len(blocks) != 1 || blocks[0].First != 0 || blocks[0].Last != strings.Count(strings.TrimSuffix(script, "\n"), "\n") || len(blocks[0].Inner) > 0 {
			t.Errorf("%s\ngives\n%s", script, drivertest.Outline(blocks))
		}
		if blocks := drivertest.Grammar(t, linux.Factory{}, []byte("true\n"+script+"\ntrue")); !strings.Contains(script, "never") && len(blocks) != 3 {
			t.Errorf("%s\nbetween two others gives\n%s", script, drivertest.Outline(blocks))
		}
	}
}

// TestGrammarCorpus cuts every script of the corpus, and has the shell read what is left
// without each block.
func TestGrammarCorpus(t *testing.T) {
	files, err := filepath.Glob("../../scenarios/corpus/*/*/*.sh")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	texts := map[string]string{"sample": sample}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		texts[f] = string(data)
	}
	for name, text := range texts {
		lines := strings.SplitAfter(text, "\n")
		var each func([]drivers.Block)
		each = func(blocks []drivers.Block) {
			for _, b := range blocks {
				each(b.Inner)
				rest := strings.Join(lines[:b.First], "") + strings.Join(lines[b.Last+1:], "")
				cmd := exec.CommandContext(t.Context(), "sh", "-n")
				cmd.Stdin = strings.NewReader(rest)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%s without %q: %v: %s", name, b.Title, err, out)
				}
			}
		}
		each(drivertest.Grammar(t, linux.Factory{}, []byte(text)))
	}
}

func FuzzGrammar(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte("case a in (b) `echo $((1)` ;; esac )"))
	f.Fuzz(func(t *testing.T, config []byte) { drivertest.Grammar(t, linux.Factory{}, config) })
}

const sample = `#!/bin/sh
# a comment with a {
ip link add br0 type bridge
ip link set eth1 master br0
ip link add v1 type veth peer name v2

ip link set dev v1 netns n1
ip addr add 10.0.0.1/24 dev br0
ip netns add n1
ip -n n1 link set v1 up
ip link set v2 up || true
ip link add link br0 name br0.5 type vlan id 5
cat > /etc/keepalived/keepalived.conf <<'EOF'
! a comment
global_defs {
  router_id r1
}
vrrp_instance A
{
  state BACKUP # for now {
  virtual_ipaddress {
    10.0.0.100/24
    10.0.0.101/24
  }
}
EOF
cat > /etc/lab <<EOF
hello
$(hostname)
EOF
for i in 1 2; do
  ip link set eth$i up
done
ip link set eth3 up; ip link set eth2 up
`

const sampleOutline = `
2-2 ip link add br0 type bridge defines [link:br0]
3-3 ip link set eth1 master br0 uses [link:eth1 link:br0]
4-4 ip link add v1 type veth peer name v2 defines [link:v1 link:v2]
6-6 ip link set dev v1 netns n1 uses [link:v1 netns:n1]
7-7 ip addr add 10.0.0.1/24 dev br0 uses [link:br0]
8-8 ip netns add n1 defines [netns:n1]
9-9 ip -n n1 link set v1 up uses [netns:n1]
10-10 ip link set v2 up || true
11-11 ip link add link br0 name br0.5 type vlan id 5 defines [link:br0.5] uses [link:br0]
12-25 cat > /etc/keepalived/keepalived.conf <<'EOF'
  14-16 global_defs {
    15-15 router_id r1
  17-24 vrrp_instance A
    19-19 state BACKUP # for now {
    20-23 virtual_ipaddress {
      21-21 10.0.0.100/24
      22-22 10.0.0.101/24
26-29 cat > /etc/lab <<EOF
30-32 for i in 1 2; do
33-33 ip link set eth3 up; ip link set eth2 up
`

// TestEndlessScript: a script that stands within itself without end is one block, and ends nothing.
func TestEndlessScript(t *testing.T) {
	script := "true\n" + strings.Repeat("((", 300_000) + "\n"
	if blocks := (linux.Factory{}).Blocks([]byte(script)); len(blocks) != 1 || blocks[0].Last != 1 {
		t.Errorf("%d blocks: %.200v", len(blocks), blocks)
	}
}
