// Command launcher stands in for the launcher of a vrnetlab image: it waits for the
// interfaces it was told of, boots a simulated switch, and offers its ssh, its console and a
// monitor where such images do. It is what the test of machines within containers runs.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/drivers/sim"
)

func main() {
	if err := launch(); err != nil {
		log.Fatal(err)
	}
}

func launch() error {
	user := flag.String("username", "", "")
	password := flag.String("password", "", "")
	name := flag.String("hostname", "", "")
	mode := flag.String("connection-mode", "", "")
	flag.Parse()
	want, err := strconv.Atoi(os.Getenv("CLAB_INTFS"))
	if err != nil || *mode != "tc" {
		return fmt.Errorf("CLAB_INTFS=%q, mode %q", os.Getenv("CLAB_INTFS"), *mode)
	}
	if err := os.WriteFile("/health", []byte("1 starting"), 0o600); err != nil {
		return err
	}
	tick := time.NewTicker(50 * time.Millisecond)
	for {
		found, err := filepath.Glob("/sys/class/net/eth[1-9]*")
		if err != nil {
			return err
		}
		if len(found) == want {
			break
		}
		<-tick.C
	}
	s, err := sim.New(sim.Config{
		Platform: sim.PlatformEXOS, Name: *name, Serial: "SIM0" + *name, Ports: 13, RebootTime: time.Second, PendingAAA: time.Second,
		Users: []sim.User{{Name: *user, Password: *password}}, Dir: "/flash",
	})
	if err != nil {
		return err
	}
	for port := 1; port <= want; port++ {
		s.SetPort(strconv.Itoa(port), true)
	}
	if _, err := s.ListenSSH(":22"); err != nil {
		return err
	}
	if _, err := s.ListenConsoleTelnet(":5000"); err != nil {
		return err
	}
	monitor, err := net.Listen("tcp", ":4000")
	if err != nil {
		return err
	}
	if err := os.WriteFile("/health", []byte("0 running"), 0o600); err != nil {
		return err
	}
	for {
		c, err := monitor.Accept()
		if err != nil {
			return err
		}
		serve(c, s)
	}
}

// serve is the monitor: it echoes what it is told, as QEMU's does.
func serve(c net.Conn, s *sim.Switch) {
	defer c.Close()
	fmt.Fprint(c, "QEMU 7.2.22 monitor - type 'help' for more information\r\n(qemu) ")
	for lines := bufio.NewScanner(c); lines.Scan(); {
		words := strings.Fields(lines.Text())
		fmt.Fprintf(c, "%s\r\n", lines.Text())
		if len(words) == 3 && words[0] == "set_link" && strings.HasPrefix(words[1], "p0") {
			s.SetPort(strings.TrimLeft(words[1], "p0"), words[2] == "on")
		} else {
			fmt.Fprintf(c, "unknown command: '%s'\r\n", lines.Text())
		}
		fmt.Fprint(c, "(qemu) ")
	}
}
