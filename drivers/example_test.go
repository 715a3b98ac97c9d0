package drivers_test

import (
	"context"
	"fmt"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/harnesstest"
)

// open opens a driver in memory that has every ability; a real one comes from
// drivers/all and a lab's host.
func open(p *harnesstest.Platform) drivers.Driver {
	p.Name = "memory"
	d, err := p.Registry().Open(context.Background(), "memory", drivers.Target{Node: "r1"})
	if err != nil {
		panic(err)
	}
	return d
}

// echo is the least that a platform is: a factory, and drivers with three methods. What else
// it can do are further methods, each an ability of its own.
type echo struct{}

func (echo) Platform() string { return "echo" }

func (echo) Open(_ context.Context, t drivers.Target) (drivers.Driver, error) {
	return echoDriver{node: t.Node}, nil
}

type echoDriver struct{ node string }

func (echoDriver) Platform() drivers.Platform  { return drivers.Platform{Name: "echo"} }
func (echoDriver) Close(context.Context) error { return nil }

func (d echoDriver) Run(_ context.Context, c drivers.Command) (drivers.Exchange, error) {
	if c.Line == "" {
		return drivers.Exchange{Rejected: "% Incomplete command"}, nil // a device that says no is no error
	}
	return drivers.Exchange{Command: c.Line, Output: d.node + " says " + c.Line, Exit: drivers.NoExit}, nil
}

func ExampleRegistry_Register() {
	var r drivers.Registry
	if err := r.Register(echo{}); err != nil {
		panic(err)
	}
	d, err := r.Open(context.Background(), "echo", drivers.Target{Node: "r1"})
	if err != nil {
		panic(err)
	}
	x, err := d.Run(context.Background(), drivers.Command{Line: "show version"})
	_, configures := d.(drivers.Configurer)
	fmt.Println(x.Output, err, configures)
	// Output: r1 says show version <nil> false
}

func ExampleRegistry_Open() {
	var r drivers.Registry
	_, err := r.Open(context.Background(), "junos", drivers.Target{Node: "r1"})
	fmt.Println(err)
	// Output: r1: open session: platform "junos": not supported by this platform (known: [])
}

// A refusal is an answer: the last exchange holds the device's words, and what came
// after it was not sent.
func ExampleConfigurer() {
	d := open(&harnesstest.Platform{ConfigureFn: func(_, line string) (string, error) {
		if line == "ip mtu lots" {
			return "% Unknown command: ip mtu lots", nil
		}
		return "", nil
	}})
	c, ok := drivers.As[drivers.Configurer](d)
	if !ok {
		fmt.Println(drivers.ErrUnsupported)
		return
	}
	xs, err := c.Configure(context.Background(), []string{"interface eth1", "ip mtu lots", "no shutdown"})
	last := xs[len(xs)-1]
	fmt.Println(len(xs), last.Rejected, err)
	// Output: 2 % Unknown command: ip mtu lots <nil>
}

func ExampleSheller() {
	d := open(&harnesstest.Platform{ShellFn: func(_, _ string) (drivers.Exchange, error) {
		return drivers.Exchange{Output: "eth1 is up\n", Exit: 0}, nil
	}})
	if sh, ok := drivers.As[drivers.Sheller](d); ok {
		x, err := sh.Shell(context.Background(), drivers.Command{Line: "ip -br link"})
		fmt.Print(x.Command, ": ", x.Output, x.Exit, err)
	}
	// Output: ip -br link: eth1 is up
	// 0 <nil>
}

func ExampleBooter() {
	d := open(&harnesstest.Platform{BootFn: func(string) error { return fmt.Errorf("line 3: syntax error") }})
	if b, ok := drivers.As[drivers.Booter](d); ok {
		fmt.Println(b.Boot(context.Background()))
	}
	// Output: line 3: syntax error
}

// A mark taken before and read after gives what was logged between.
func ExampleLogSource() {
	log := "before\n"
	d := open(&harnesstest.Platform{LogFn: func(string) string { return log }})
	if s, ok := drivers.As[drivers.LogSource](d); ok {
		mark, _ := s.MarkLogs(context.Background())
		log += "neighbour went down\n"
		files, err := s.LogsSince(context.Background(), mark)
		fmt.Print(files[0].Text, err)
	}
	// Output: neighbour went down
	// <nil>
}

func ExampleDeathWatcher() {
	d := open(&harnesstest.Platform{DeathsFn: func(string) ([]drivers.Death, error) {
		return []drivers.Death{{Process: "bgpd", Signal: "SIGSEGV", Exit: 139}}, nil
	}})
	if w, ok := drivers.As[drivers.DeathWatcher](d); ok {
		deaths, err := w.Deaths(context.Background())
		fmt.Println(deaths[0].Process, deaths[0].Signal, err)
	}
	// Output: bgpd SIGSEGV <nil>
}

func ExampleProcessController() {
	d := open(&harnesstest.Platform{KillFn: func(_, process, signal string) error {
		fmt.Println("killed", process, "with", signal)
		return nil
	}})
	if c, ok := drivers.As[drivers.ProcessController](d); ok {
		fmt.Println(c.Kill(context.Background(), "bgpd", "SIGKILL"))
	}
	// Output: killed bgpd with SIGKILL
	// <nil>
}

// A reset that cannot vouch for the result is an error: the node's state is unknown.
func ExampleConfigResetter() {
	d := open(&harnesstest.Platform{ResetFn: func(string) error { return fmt.Errorf("a line is left: router bgp 65001") }})
	if r, ok := drivers.As[drivers.ConfigResetter](d); ok {
		fmt.Println(r.ResetConfig(context.Background()))
	}
	// Output: a line is left: router bgp 65001
}
