package host

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/moby/moby/client"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/containers/engine"
	"github.com/reprise-lab/reprise/topologies/containers/images"
	"github.com/reprise-lab/reprise/topologies/doctor"
	"github.com/reprise-lab/reprise/topologies/recipe"
)

// probeTimeout bounds the look at one thing.
const probeTimeout = 10 * time.Second

// Probe looks at everything, at once, and changes nothing that lasts. The checks come
// in a fixed order, what is needed first.
func Probe(ctx context.Context) []doctor.Check {
	groups := []func(context.Context) []doctor.Check{engineChecks, borderChecks, kernelChecks, coreChecks, toolChecks}
	found := make([][]doctor.Check, len(groups))
	var wg sync.WaitGroup
	for i, group := range groups {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, probeTimeout)
			defer cancel()
			found[i] = group(ctx)
		})
	}
	wg.Wait()
	return doctor.Tidy(slices.Concat(found...))
}

const fixAll = "reprise doctor --fix"

// engineChecks looks at the engine and the images in it.
func engineChecks(ctx context.Context) []doctor.Check {
	e := doctor.Check{Name: "container engine", Lost: "every lab of containers", Fix: fixAll}
	c, err := engine.Connect(ctx)
	if err != nil {
		e.Detail = err.Error()
		return append([]doctor.Check{e}, imageChecks(nil, "the engine does not answer")...)
	}
	defer func() { _ = c.Close() }()
	v, err := c.ServerVersion(ctx, client.ServerVersionOptions{})
	if err != nil {
		e.Detail = err.Error()
	} else {
		e.OK, e.Detail = true, fmt.Sprintf("%s, API %s, at %s", v.Version, v.APIVersion, c.DaemonHost())
	}
	list, err := images.New(c, "").List(ctx)
	if err != nil {
		return append([]doctor.Check{e}, imageChecks(nil, err.Error())...)
	}
	return append([]doctor.Check{e}, imageChecks(list, "")...)
}

// imageChecks tells which suites' images are there. problem says why none could be listed.
func imageChecks(list []images.Image, problem string) []doctor.Check {
	var checks []doctor.Check
	for _, suite := range recipe.Suites() {
		c := doctor.Check{
			Name: "image " + recipe.SuiteRef(suite), Optional: suite != "bookworm", Unknown: problem != "", Detail: problem,
			Lost: "scenarios on " + strings.Join(versions(suite), ", "), Fix: "reprise images build " + suite,
		}
		for _, img := range list {
			if img.Suite != suite {
				continue
			}
			c.OK = c.OK || slices.Contains(img.Refs, recipe.SuiteRef(suite))
			c.Detail = contents(img)
			if !img.Current {
				c.Detail += "; made by another version of this tool"
			}
		}
		checks = append(checks, c)
	}
	return checks
}

// contents names the software of an image, with its versions.
func contents(img images.Image) string {
	var list []string
	for _, sw := range recipe.Products() {
		list = append(list, sw.Title+" "+cmp.Or(img.Packages[sw.Packages[0]], "unknown"))
	}
	return strings.Join(list, ", ")
}

func versions(suite string) []string {
	var list []string
	for _, ref := range recipe.KnownRefs() {
		if s, _ := recipe.Known(ref); s == suite && ref != recipe.SuiteRef(suite) {
			list = append(list, strings.TrimPrefix(ref, recipe.Repository))
		}
	}
	return list
}

// coreChecks looks at what becomes of a process that crashes.
func coreChecks(context.Context) []doctor.Check {
	pattern := doctor.Check{
		Name: "core pattern", Optional: true, Lost: "core files of crashed switch software: the kernel hands them to a program on this machine",
		Fix: "as root: sysctl kernel.core_pattern=core",
	}
	text, err := os.ReadFile("/proc/sys/kernel/core_pattern")
	pattern.Detail = strings.TrimSpace(string(text))
	pattern.OK = err == nil && !strings.HasPrefix(pattern.Detail, "|")
	if err != nil {
		pattern.Detail, pattern.Unknown = err.Error(), true
	}
	limit := doctor.Check{Name: "core size limit", Optional: true, Lost: "whole core files", Fix: "start the engine with an unlimited core size (LimitCORE=infinity)"}
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CORE, &r); err != nil {
		limit.Detail, limit.Unknown = err.Error(), true
	} else if limit.OK = r.Max == unix.RLIM_INFINITY; limit.OK {
		limit.Detail = "unlimited"
	} else {
		limit.Detail = fmt.Sprintf("at most %d bytes", r.Max)
	}
	return []doctor.Check{pattern, limit}
}

// toolChecks looks at programs.
func toolChecks(context.Context) []doctor.Check {
	tools := []doctor.Check{
		{Name: "mmdebstrap", Optional: true, Lost: "building images here (they can be brought with docker load)", Fix: fixAll + ", or as root: apt-get install mmdebstrap"},
		{Name: "gdb", Optional: true, Lost: "stack traces from core files", Fix: "as root: apt-get install gdb"},
		{Name: "chromium", Optional: true, Lost: "tests of the report pages", Fix: "as root: apt-get install chromium"},
		{Name: "tcpdump", Optional: true, Lost: "tests of filters for captures", Fix: "as root: apt-get install tcpdump"},
	}
	for i := range tools {
		path, err := exec.LookPath(tools[i].Name)
		tools[i].OK, tools[i].Detail = err == nil, path
	}
	return tools
}
