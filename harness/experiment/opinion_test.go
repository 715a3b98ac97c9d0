package experiment_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/scenarios/suite"
)

const opinionSuite = `
reprise: suite/v1
id: small
title: Small
reference: fake@9
roles: {dut: [fake@1, fake@2], peer: dut}
topology: {links: [{endpoints: ["dut:eth1", "peer:eth1"]}]}
platforms:
  fake: {platform: fake, image: "i:{{.version}}", looks: {up: {run: "show state", expect: 'text == "yes"'}}}
tests:
  - {id: up, title: It comes up, expect: [{on: all, look: up, eventually: 1s}]}
  - {id: alone, title: Without the reference, exclude: [{dut: fake@9}, {peer: fake@9}], expect: [{on: all, look: up, eventually: 1s}]}
`

// Each side of a failing cell is tried with the reference speaker in the other's place, and what comes of it is
// whose matter the failure is.
func TestOpinionSuite(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "suite.yaml"), []byte(opinionSuite), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := suite.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	cell := result.Cell{Test: "up", Subjects: map[string]string{"dut": "fake@1", "peer": "fake@2"}, Verdict: result.Fail}
	was := &result.Matrix{ID: "m", Suite: "small", Digest: s.Digest, Subjects: []result.Subject{{Name: "fake@1", Digest: "x"}, {Name: "fake@2", Digest: "x"}}}
	of, o, err := experiment.OpinionSuite(s, was, cell, time.Now())
	if err != nil || len(of.Cells) != 3 || o.Matrix != "m" || o.Reference != "fake@9" || len(o.Sides) != 2 {
		t.Fatalf("%d cells, %+v, %v", len(of.Cells), o, err)
	}
	if keys := of.Cells[0].Cell.Key() + of.Cells[1].Cell.Key() + of.Cells[2].Cell.Key(); keys != "up[dut=fake@1,peer=fake@9]up[dut=fake@9,peer=fake@2]up[dut=fake@1,peer=fake@2]" {
		t.Error(keys)
	}
	if last := of.Head.Subjects[len(of.Head.Subjects)-1]; last.Image != "i:9" {
		t.Errorf("the reference is no subject of it: %+v", of.Head.Subjects)
	}
	m := result.Matrix{Subjects: []result.Subject{{Name: "fake@1", Digest: "x"}, {Name: "fake@2", Digest: "y"}, {Name: "fake@9", Digest: "z"}}}
	for i, v := range []result.CellVerdict{result.Pass, result.Fail, result.Fail} {
		tried := of.Cells[i].Cell
		tried.Verdict, tried.Valid = v, result.LeastOpinion
		m.Cells = append(m.Cells, tried)
	}
	got := experiment.Opine(o, was, m)
	if got.Judgement != "product" || got.Of != "fake@2" || o.Sides[0].Cell != nil || !slices.Equal(got.Changed, []string{"the image of fake@2"}) {
		t.Errorf("%+v", got)
	}
	// It fails no longer: nothing is anybody's matter.
	m.Cells[2].Verdict = result.Pass
	if got := experiment.Opine(o, was, m); got.Judgement != "undetermined" {
		t.Errorf("%+v", got)
	}
	was.Digest = "of the suite that was"
	if _, o, err := experiment.OpinionSuite(s, was, cell, time.Now()); err != nil || !slices.Equal(o.Changed, []string{"the suite"}) {
		t.Errorf("%v, %v", o.Changed, err)
	}
	cell.Test = "alone"
	if of, o, err = experiment.OpinionSuite(s, was, cell, time.Now()); err != nil || len(of.Cells) != 0 || !strings.Contains(o.Sides[1].Why, "test alone is not for fake@9") {
		t.Errorf("%d cells, %+v, %v", len(of.Cells), o, err)
	}
	if got := experiment.Opine(o, was, result.Matrix{}); got.Judgement != "undetermined" {
		t.Errorf("%+v", got)
	}
	cell.Subjects["peer"] = "fake@3"
	if _, _, err := experiment.OpinionSuite(s, was, cell, time.Now()); err == nil || !strings.Contains(err.Error(), "has no cell alone[dut=fake@1,peer=fake@3]") {
		t.Error(err)
	}
	was.Suite = "large"
	if _, _, err := experiment.OpinionSuite(s, was, cell, time.Now()); err == nil || !strings.Contains(err.Error(), "the matrix m is of the suite large, and not of small") {
		t.Error(err)
	}
}
