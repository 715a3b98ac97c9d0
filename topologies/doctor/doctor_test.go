package doctor_test

import (
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/doctor"
)

func TestReady(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		check doctor.Check
		want  bool
	}{
		{"well", doctor.Check{OK: true}, true},
		{"missing", doctor.Check{}, false},
		{"missing but optional", doctor.Check{Optional: true}, true},
		{"unknown", doctor.Check{Unknown: true}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := doctor.Ready([]doctor.Check{{OK: true}, tt.check}); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestInstallLeavesAloneWhatIsThere(t *testing.T) {
	t.Parallel()
	err := doctor.Install(t.Context(), "fix", func(line string) { t.Errorf("did something: %s", line) }, doctor.Need{Program: "sh", Package: "dash"})
	if err != nil {
		t.Fatal(err)
	}
}

// Where nothing can be installed, it says what is missing and what to do.
func TestInstallWhereItCannot(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := doctor.Install(t.Context(), "fix", func(line string) { t.Errorf("did something: %s", line) }, doctor.Need{Program: "no-such-program", Package: "no-such-package"})
	var missing *topologies.MissingError
	if !errors.As(err, &missing) || missing.Name != "no-such-package" || missing.Hint == "" {
		t.Errorf("got %v", err)
	}
	if os.Geteuid() == 0 && errors.Is(err, os.ErrPermission) {
		t.Error("root was refused")
	}
}

func TestEither(t *testing.T) {
	t.Parallel()
	engine := []doctor.Check{{Name: "engine"}}
	for _, tt := range []struct {
		name   string
		second []doctor.Check
		want   bool
	}{
		{"the second way is whole", []doctor.Check{{OK: true}, {OK: true}}, true},
		{"something of it is missing", []doctor.Check{{OK: true}, {Name: "uidmap"}}, false},
	} {
		got := doctor.Either(engine, tt.second)
		at := slices.IndexFunc(got, func(c doctor.Check) bool { return c.Name == "engine" })
		if len(got) != len(engine)+len(tt.second) || got[at].Optional != tt.want || doctor.Ready(got) != tt.want {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
	if engine[0].Optional {
		t.Error("what was given is changed")
	}
	engine = append(engine, doctor.Check{Name: "its image", Unknown: true}, doctor.Check{Name: "gdb"})
	engine[0].Lost = "its labs"
	got := doctor.Either(engine, []doctor.Check{{Name: "spaces", OK: true}})
	want := []doctor.Check{{Name: "spaces", OK: true}, {Name: "engine", Optional: true, Lost: "its labs, with its its image"}, {Name: "gdb", Optional: true}}
	if !slices.Equal(got, want) {
		t.Errorf("without an engine: %+v", got)
	}
}
