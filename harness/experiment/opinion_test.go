package experiment_test

import (
	"os"
	"path/filepath"
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
	of, o, err := experiment.OpinionSuite(s, cell, time.Now())
	if err != nil || len(of.Cells) != 2 || o.Reference != "fake@9" || len(o.Sides) != 2 {
		t.Fatalf("%d cells, %+v, %v", len(of.Cells), o, err)
	}
	if keys := of.Cells[0].Cell.Key() + of.Cells[1].Cell.Key(); keys != "up[dut=fake@1,peer=fake@9]up[dut=fake@9,peer=fake@2]" {
		t.Error(keys)
	}
	if last := of.Head.Subjects[len(of.Head.Subjects)-1]; last.Image != "i:9" {
		t.Errorf("the reference is no subject of it: %+v", of.Head.Subjects)
	}
	m := result.Matrix{Cells: []result.Cell{of.Cells[0].Cell, of.Cells[1].Cell}}
	m.Cells[0].Verdict, m.Cells[1].Verdict = result.Pass, result.Fail
	if got := experiment.Opine(o, m); got.Judgement != "product" || got.Of != "fake@2" || o.Sides[0].Cell != nil {
		t.Errorf("%+v", got)
	}
	cell.Test = "alone"
	if of, o, err = experiment.OpinionSuite(s, cell, time.Now()); err != nil || len(of.Cells) != 0 || !strings.Contains(o.Sides[1].Why, "test alone is not for fake@9") {
		t.Errorf("%d cells, %+v, %v", len(of.Cells), o, err)
	}
	if got := experiment.Opine(o, result.Matrix{}); got.Judgement != "undetermined" {
		t.Errorf("%+v", got)
	}
	cell.Subjects["peer"] = "fake@3"
	if _, _, err := experiment.OpinionSuite(s, cell, time.Now()); err == nil || !strings.Contains(err.Error(), "has no cell alone[dut=fake@1,peer=fake@3]") {
		t.Error(err)
	}
}
