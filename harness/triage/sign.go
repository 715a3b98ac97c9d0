package triage

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// depth is how many frames a signature is made of: more split one bug by the ways that lead to it, fewer
// make two look like one.
const depth = 5

var (
	// machinery are functions that are in every stack of their kind: how a program ends itself or tells of its
	// end, and how it came to run anything.
	machinery = regexp.MustCompile(`^(?:_*(?:GI_)?(?:raise|abort|gsignal|kill|tgkill|kernel_vsyscall|libc_message|assert_fail|assert_fail_base|pthread_kill(?:_\w+)?|fortify_fail|chk_fail|stack_chk_fail|malloc_printerr|libc_start_main|libc_start_call_main|clone3?|start_thread|restore_rt)(?:_impl|_2_34)?|` +
		`core_handler|zlog_signal|zlog_backtrace\w*|_zlog_assert_failed|_zlog_abort\w*|zlog_tls_buffer_\w+|ovs_abort\w*|ovs_assert_failure\w*|ovs_fatal\w*|bug_on|` +
		`thread_call|event_call|frr_run|main|_start)$`)
	// suffix is what compilers and linkers put behind a function's name.
	suffix = regexp.MustCompile(`(?:@plt|@@?[A-Za-z_][\w.]*|\.(?:part|isra|constprop|cold|lto_priv|localalias|llvm|clone)(?:\.\d+)?)+$`)
	// runtime are libraries that every program shares: a place in them says what was asked for, not who asked.
	runtime = regexp.MustCompile(`^(?:libc[-.]|libpthread[-.]|ld-|ld\.|linux-vdso|libgcc_s)`)
)

// noPlace is why a record has no signature.
const noPlace = "where it ended is in no module, or in the C library, where all of a kind end: who called needs the program's files and gdb"

// Sign makes the signature of a core file from its frames, and says what is missing where it makes
// none.
func Sign(c *evidence.Core) {
	c.Signature, c.Loose, c.Title = "", "", ""
	c.Missing = slices.DeleteFunc(c.Missing, func(s string) bool { return s == noPlace })
	if c.Quality == "" || c.Quality == evidence.CoreNone {
		c.Quality = evidence.CorePlace
	}
	keys := keysOf(c, telling(c.Frames))
	if len(keys) == 0 { // it ended in what is in every stack, such as main
		keys = keysOf(c, c.Frames)
	}
	if c.Quality != evidence.CoreFull && len(keys) > 1 {
		keys = keys[:1]
	}
	if len(keys) == 0 {
		c.Quality = evidence.CoreNone
		c.Missing = append(c.Missing, noPlace)
		return
	}
	c.Title = fmt.Sprintf("%s in %s", c.Signal, strings.Join(keys, " | "))
	c.Signature = hash(c, keys)
	c.Loose = hash(c, []string{placeOf(c)})
}

// Where is the function that the signature begins with, as failures are called: "bgp_update()". It is
// empty where no function is known: an address in a module is another one in each build.
func Where(c evidence.Core) string {
	if c.Quality != evidence.CoreFull && c.Quality != evidence.CorePartial {
		return ""
	}
	for _, f := range telling(c.Frames) {
		if keyOf(&c, f) != "" {
			if f.Function == "" {
				return ""
			}
			return name(f) + "()"
		}
	}
	return ""
}

func hash(c *evidence.Core, keys []string) string {
	sum := sha256.Sum256([]byte(strings.Join(append([]string{c.Signal, c.Process}, keys...), "\x00")))
	return hex.EncodeToString(sum[:6])
}

// keysOf are what frames count as, at most depth of them.
func keysOf(c *evidence.Core, frames []evidence.CoreFrame) (keys []string) {
	for _, f := range frames {
		if key := keyOf(c, f); key != "" && len(keys) < depth {
			keys = append(keys, key)
		}
	}
	return keys
}

// placeOf is the first frame that tells anything, by its place alone: the same with names of functions and
// without.
func placeOf(c *evidence.Core) string {
	for _, frames := range [][]evidence.CoreFrame{telling(c.Frames), c.Frames} {
		for _, f := range frames {
			f.Function = ""
			if key := keyOf(c, f); key != "" {
				return key
			}
		}
	}
	return ""
}

// telling are the frames that tell anything: what was called by a handler of the signal says only that
// there was one.
func telling(frames []evidence.CoreFrame) []evidence.CoreFrame {
	var kept []evidence.CoreFrame
	for _, f := range frames {
		switch {
		case f.Signal:
			kept = nil
		case !machinery.MatchString(name(f)):
			kept = append(kept, f)
		}
	}
	return kept
}

// name is a function's name without what compiler and linker add.
func name(f evidence.CoreFrame) string { return suffix.ReplaceAllString(f.Function, "") }

// keyOf is what a frame counts as; empty for one that tells nothing.
func keyOf(c *evidence.Core, f evidence.CoreFrame) string {
	if f.Function != "" && !runtime.MatchString(f.Module) {
		return name(f)
	}
	if f.Module == "" || runtime.MatchString(f.Module) {
		return ""
	}
	key := fmt.Sprintf("%s+%#x", f.Module, f.Offset)
	for _, m := range c.Modules {
		if strings.HasSuffix(m.Path, "/"+f.Module) && m.BuildID != "" {
			return key + "@" + m.BuildID[:min(8, len(m.BuildID))]
		}
	}
	return key
}
