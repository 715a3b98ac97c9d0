package bundle

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports"
)

// Marks that keep evidence in the house, as drivers and providers write them.
const (
	markSimulated = "simulated"
	markLicence   = "licence"
)

func refuse(run, mark string) error {
	return &RefusedError{Run: run, Mark: mark, Why: reports.MarkWords(mark)}
}

// ImagesLock is images.lock: what the nodes ran. The images themselves are in no bundle.
type ImagesLock struct {
	Reprise string  `json:"reprise"`
	Images  []Image `json:"images"`
}

// Image is one image of the lock.
type Image struct {
	Name     string            `json:"name"`
	Digest   string            `json:"digest"` // empty: not known
	Packages map[string]string `json:"packages,omitempty"`
	Licence  string            `json:"licence"`
	Nodes    []string          `json:"nodes"` // run/node
}

// Env is env.json: where the runs were made, and how.
type Env struct {
	Reprise string   `json:"reprise"`
	Runs    []RunEnv `json:"runs"`
}

// RunEnv is the environment of one run.
type RunEnv struct {
	ID       string            `json:"id"`
	Tool     evidence.Tool     `json:"tool"`
	Host     evidence.HostInfo `json:"host"`
	Provider string            `json:"provider"`
	Fidelity string            `json:"fidelity"`
	Labs     int               `json:"labs"`
	Reset    string            `json:"reset"`
	Clock    evidence.Clock    `json:"clock,omitzero"`
	Nodes    []NodeEnv         `json:"nodes"`
}

// NodeEnv is what one node was.
type NodeEnv struct {
	Name     string `json:"name"`
	Role     string `json:"role,omitempty"`
	Platform string `json:"platform,omitempty"`
	Kind     string `json:"kind"`
	Image    string `json:"image,omitempty"`
}

func imagesOf(runs []evidence.RunInfo) ImagesLock {
	lock := ImagesLock{Reprise: "images-lock/v1", Images: []Image{}}
	at := map[string]int{}
	for i := range runs {
		for _, n := range runs[i].Nodes {
			if n.Image == "" {
				continue
			}
			key := n.Image + "\x00" + n.Digest
			k, ok := at[key]
			if !ok {
				k = len(lock.Images)
				at[key] = k
				lock.Images = append(lock.Images, Image{Name: n.Image, Digest: n.Digest, Packages: n.Packages, Licence: licenceOf(n.Image)})
			}
			lock.Images[k].Nodes = append(lock.Images[k].Nodes, runs[i].ID+"/"+n.Name)
		}
	}
	slices.SortFunc(lock.Images, func(a, b Image) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Digest, b.Digest))
	})
	return lock
}

func licenceOf(image string) string {
	if strings.HasPrefix(image, "reprise/") {
		return "built of Debian packages under their own free licences; not in the bundle, reprise images build makes it"
	}
	return "its maker's; not in the bundle, whoever runs the case needs a copy of their own"
}

func envOf(runs []evidence.RunInfo) Env {
	env := Env{Reprise: "env/v1", Runs: []RunEnv{}}
	for i := range runs {
		r := &runs[i]
		e := RunEnv{ID: r.ID, Tool: r.Tool, Host: r.Host, Provider: r.Provider, Fidelity: r.Fidelity, Labs: r.Labs, Reset: r.Reset, Clock: r.Clock, Nodes: []NodeEnv{}}
		for _, n := range r.Nodes {
			e.Nodes = append(e.Nodes, NodeEnv{n.Name, n.Role, n.Platform, n.Kind, n.Image})
		}
		env.Runs = append(env.Runs, e)
	}
	return env
}

// Statement is an in-toto statement v1 with the predicate test-result v0.1.
type Statement struct {
	Type          string               `json:"_type"`
	Subject       []ResourceDescriptor `json:"subject"`
	PredicateType string               `json:"predicateType"`
	Predicate     TestResult           `json:"predicate"`
}

// ResourceDescriptor names something by its digest.
type ResourceDescriptor struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

// TestResult is the predicate: a test is a run, and passes when its verdict is the one that
// its scenario declares.
type TestResult struct {
	Result        string               `json:"result"` // PASSED, WARNED, FAILED
	Configuration []ResourceDescriptor `json:"configuration"`
	PassedTests   []string             `json:"passedTests"`
	WarnedTests   []string             `json:"warnedTests"`
	FailedTests   []string             `json:"failedTests"`
}

// statementOf states the claim about the evidence's digest and the images. The manifest is
// no subject: it holds the statement's own digest.
func statementOf(tree string, c Claim, runs []evidence.RunInfo) Statement {
	s := Statement{
		Type: "https://in-toto.io/Statement/v1", PredicateType: "https://in-toto.io/attestation/test-result/v0.1",
		Subject:   []ResourceDescriptor{{"evidence-tree", map[string]string{"sha256": tree}}},
		Predicate: TestResult{Configuration: []ResourceDescriptor{}, PassedTests: []string{}, WarnedTests: []string{}, FailedTests: []string{}},
	}
	for _, image := range imagesOf(runs).Images {
		if algorithm, digest, ok := strings.Cut(image.Digest, ":"); ok {
			s.Subject = append(s.Subject, ResourceDescriptor{image.Name, map[string]string{algorithm: digest}})
		}
	}
	p := &s.Predicate
	for i := range runs {
		for _, in := range runs[i].Inputs {
			name := path.Join(runsFolder, runs[i].ID, "input", in.Path)
			p.Configuration = append(p.Configuration, ResourceDescriptor{name, map[string]string{"sha256": in.SHA256}})
		}
	}
	for _, r := range c.Runs {
		name := fmt.Sprintf("%s: %s", r.ID, r.Scenario)
		switch r.Verdict {
		case r.Expected:
			p.PassedTests = append(p.PassedTests, name)
		case evidence.Reproduced, evidence.NotReproduced:
			p.FailedTests = append(p.FailedTests, name)
		default:
			p.WarnedTests = append(p.WarnedTests, name)
		}
	}
	switch {
	case len(p.FailedTests) > 0:
		p.Result = "FAILED"
	case len(p.WarnedTests) > 0:
		p.Result = "WARNED"
	default:
		p.Result = "PASSED"
	}
	return s
}

// derived are the files that follow from the runs, by path.
func derived(tree string, c Claim, runs []evidence.RunInfo) (map[string][]byte, error) {
	out := map[string][]byte{}
	for name, v := range map[string]any{imagesName: imagesOf(runs), envName: envOf(runs)} {
		data, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", name, err)
		}
		out[name] = append(data, '\n')
	}
	line, err := json.Marshal(statementOf(tree, c, runs))
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", statementName, err)
	}
	out[statementName] = append(line, '\n')
	return out, nil
}
