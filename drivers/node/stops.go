package node

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Stops implements drivers.Stopper for lines of the shell. It reads a script as words, not
// as a shell would: a kill counts for a process whose name is in the script, because where
// the number comes from ($(pidof NAME), a file, a variable) cannot be followed.
func (n *Node) Stops(line string, _ bool, process string) []string {
	return Stops(line, n.platform, process)
}

// separators part the simple commands of a script.
var separators = regexp.MustCompile("[;&|\n(){}`]|\\$\\(")

// Stops gives what a shell script sends to a process, on a node of a platform.
func Stops(script, platform, process string) []string {
	var sent []string
	add := func(signals ...string) {
		for _, s := range signals {
			if s != endsNothing && !slices.Contains(sent, s) {
				sent = append(sent, s)
			}
		}
	}
	for _, command := range separators.Split(script, -1) {
		words := withoutPrefix(strings.Fields(command))
		if len(words) == 0 {
			continue
		}
		name, args := base(words[0]), unquoted(words[1:])
		switch name {
		case "kill":
			if signal, targets := signalOf(args); slices.Contains(targets, "-1") || mentions(script, process) {
				add(signal)
			}
		case "pkill", "killall":
			signal, targets := signalOf(args)
			if slices.ContainsFunc(targets, func(t string) bool { return matches(t, process) }) {
				add(signal)
			}
		case "killall5":
			signal, _ := signalOf(args)
			add(signal)
		case "systemctl", "service", "invoke-rc.d", "rc-service", "frrinit.sh", "watchfrr.sh", "ovs-ctl":
			ends := slices.ContainsFunc(args, func(a string) bool { return a == "stop" || a == "kill" || strings.HasSuffix(a, "restart") })
			if ends && isUnit(append(args, name), platform, process) {
				add("")
			}
		case "reboot", "poweroff", "halt", "shutdown":
			add("")
		case "birdc", "birdcl":
			if process == "bird" && slices.Contains(args, "down") {
				add("")
			}
		case "ovs-appctl", "ovs-vsctl":
			target := "ovs-vswitchd"
			for i, a := range args {
				if (a == "-t" || a == "--target") && i+1 < len(args) {
					target = base(args[i+1])
				} else if t, ok := strings.CutPrefix(a, "--target="); ok {
					target = base(t)
				}
			}
			if name == "ovs-appctl" && slices.Contains(args, "exit") && strings.HasPrefix(target, process) {
				add("")
			}
		default:
			if strings.Contains(words[0], "/init.d/") && slices.ContainsFunc(args, func(a string) bool { return a == "stop" || strings.HasSuffix(a, "restart") }) && isUnit([]string{name}, platform, process) {
				add("")
			}
		}
	}
	return sent
}

// Unread implements drivers.ScriptReader: it reports whether a line runs what is not written in
// it. Programs in the folders of the system's own are known by what they do.
func (n *Node) Unread(line string) bool { return Unread(line) }

// ownFolders are where the system's own programs lie.
var ownFolders = regexp.MustCompile(`^/(usr/)?s?bin/|^/usr/lib/|^/usr/libexec/|^/lib/|^/etc/init\.d/`)

// Unread reports whether a shell script runs what it does not say.
func Unread(script string) bool {
	piped := regexp.MustCompile(`\|\s*(?:sudo\s+)?(?:/\S*/)?(?:ba|da|a|k|z)?sh\b`).MatchString(script)
	return piped || slices.ContainsFunc(separators.Split(script, -1), func(command string) bool {
		words := withoutPrefix(strings.Fields(command))
		if len(words) == 0 {
			return false
		}
		program := strings.Trim(words[0], `"'`)
		switch name := base(program); {
		case slices.Contains([]string{".", "source", "eval", "sh", "bash", "dash", "ash", "ksh", "zsh", "busybox", "awk", "expect", "tclsh", "lua", "at", "batch", "crontab", "start-stop-daemon", "run-parts"}, name):
			return len(words) > 1
		case regexp.MustCompile(`^(python|perl|ruby|node|php)[0-9.]*$`).MatchString(name):
			return true
		case strings.HasPrefix(program, "$"): // the program itself is made as the line runs
			return true
		default:
			return strings.Contains(program, "/") && !ownFolders.MatchString(program)
		}
	})
}

// Calls implements drivers.ScriptReader: it reports whether a line may run a program by its name.
func (n *Node) Calls(line, program string) bool { return Calls(line, program) }

// Calls reports whether a simple command of a shell script may run a program: it is that, or has its name for an argument
// and may be one that runs others.
func Calls(script, program string) bool {
	return slices.ContainsFunc(separators.Split(script, -1), func(command string) bool {
		words := unquoted(withoutPrefix(strings.Fields(command)))
		if len(words) == 0 {
			return false
		}
		named := func(word string) bool { return base(word) == program }
		return named(words[0]) || !slices.Contains(strings.Fields(runNone), base(words[0])) && slices.ContainsFunc(words[1:], named)
	})
}

// runNone are programs that run none that is named to them.
const runNone = "kill pkill killall pgrep pidof ps cp mv rm ln ls cat tac head tail grep sed cut tr sort uniq wc diff cmp echo printf test [ touch tee truncate stat chmod chown mkdir install sleep true logger vtysh birdc ovs-appctl ovs-vsctl"

// withoutPrefix leaves out what runs the command that follows.
func withoutPrefix(words []string) []string {
	for len(words) > 0 {
		switch w := words[0]; {
		case slices.Contains([]string{"sudo", "exec", "command", "nohup", "setsid", "env", "time", "xargs", "then", "do", "else", "if", "while", "until", "!"}, w),
			strings.HasPrefix(w, "-") && len(words) > 1, regexp.MustCompile(`^\w+=`).MatchString(w):
			words = words[1:]
		case w == "timeout" && len(words) > 2:
			words = words[1:]
			for len(words) > 1 && strings.HasPrefix(words[0], "-") {
				words = words[1:]
			}
			words = words[1:]
		default:
			return words
		}
	}
	return words
}

func base(word string) string { return word[strings.LastIndexByte(word, '/')+1:] }

func unquoted(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = strings.Trim(w, `"'`)
	}
	return out
}

// signalOf reads the options of kill(1), pkill(1) and killall(1).
func signalOf(args []string) (signal string, targets []string) {
	signal = "SIGTERM"
	for i := 0; i < len(args); i++ {
		a := args[i]
		long, isLong := strings.CutPrefix(a, "--signal=")
		switch {
		case isLong:
			signal = signalCalled(long, signal)
		case (a == "-s" || a == "--signal" || a == "-n") && i+1 < len(args):
			i++
			signal = signalCalled(args[i], signal)
		case a == "-1" && i == len(args)-1 && i > 0:
			targets = append(targets, a) // every process
		case strings.HasPrefix(a, "-") && len(a) > 1 && i == 0 || strings.HasPrefix(a, "-") && signalCalled(a[1:], "") != "":
			signal = signalCalled(a[1:], signal)
		case !strings.HasPrefix(a, "-"):
			targets = append(targets, a)
		}
	}
	return signal, targets
}

// endsNothing stands for signals that stop, continue or tell of something.
const endsNothing = "-"

// signalCalled gives the name of a signal that is called by its name, short or whole, or by
// its number; otherwise what there was.
func signalCalled(word, otherwise string) string {
	if num, err := strconv.Atoi(word); err == nil {
		return or(signalName(num), endsNothing)
	}
	if slices.Contains([]string{"STOP", "CONT", "TSTP", "TTIN", "TTOU", "CHLD", "URG", "WINCH"}, strings.TrimPrefix(strings.ToUpper(word), "SIG")) {
		return endsNothing
	}
	name := "SIG" + strings.TrimPrefix(strings.ToUpper(word), "SIG")
	for num := range 32 {
		if signalName(num) == name {
			return name
		}
	}
	return otherwise
}

// mentions reports whether a script holds a name as a word.
func mentions(script, name string) bool {
	return regexp.MustCompile(`(^|[^A-Za-z0-9_-])` + regexp.QuoteMeta(name) + `($|[^A-Za-z0-9_-])`).MatchString(script)
}

// matches reports whether a pattern of pkill is one of a process.
func matches(pattern, process string) bool {
	if strings.Contains(pattern, process) {
		return true
	}
	re, err := regexp.Compile(pattern)
	return err == nil && re.MatchString(process)
}

// isUnit reports whether one of the words names the service that a process belongs to.
func isUnit(words []string, platform, process string) bool {
	units := []string{process}
	switch platform {
	case "ovs":
		units = append(units, "openvswitch", "ovs-ctl")
	default:
		units = append(units, platform)
	}
	return slices.ContainsFunc(words, func(w string) bool {
		return slices.ContainsFunc(units, func(u string) bool { return strings.Contains(w, u) })
	})
}
