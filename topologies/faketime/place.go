package faketime

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/bounded"
	"github.com/reprise-lab/reprise/topologies/plain"
)

// ErrMissing says that a node's programs have no library that they load.
var ErrMissing = errors.New("its image has no libfaketime (Debian's package of that name)")

// Given is a library that a node was given, for its image has none. The zero value is none.
type Given struct {
	From   string // whose it is: an image, or this machine
	Path   string // where it is there
	SHA256 string // of what is there, in hex
	At     string // where it is in the node
}

// String says all of it, and nothing for none.
func (g Given) String() string {
	if g == (Given{}) {
		return ""
	}
	return fmt.Sprintf("its image has no libfaketime: it was given that of %s (%s, sha256:%s) as %s", g.From, g.Path, g.SHA256, g.At)
}

// Place gives a node its share of the epoch, and a library that scales every wait, before anything
// is started there. Where the node has no library that its programs load, it is given the first of
// others that they do, a copy of its own; others is asked only then. An error that is ErrMissing says
// that the node cannot take a clock; an [*UnknownError] is of a node on another machine, whose clocks are measured, and not
// known well enough.
func (e Epoch) Place(ctx context.Context, h Host, others func(context.Context) []topologies.ClockLibrary) (Given, error) {
	if teller, ok := topologies.As[topologies.ClockTeller](h); ok {
		clocks, err := teller.Clocks(ctx)
		if err == nil {
			e, err = e.on(clocks)
		}
		if err != nil {
			return Given{}, err
		}
	}
	for path, data := range map[string][]byte{shared + unborn: e.memory(), guard + unborn: semaphore()} {
		if err := h.WriteFile(ctx, path, data, 0o666); err != nil {
			return Given{}, err
		}
	}
	own := bounded.NewFirst(Largest)
	exit, err := run(ctx, h, own, ownScript)
	if err != nil {
		return Given{}, err
	}
	switch exit {
	case 0:
		return Given{}, mendOwn(ctx, h, own)
	case ownMissing:
		return giveOne(ctx, h, others(ctx))
	case ownUnread:
		return Given{}, fmt.Errorf("read the library %s of its image: status %d", firstLine(own), exit)
	default:
		return Given{}, fmt.Errorf("put its share of the lab's epoch in place: status %d: %s", exit, firstLine(own))
	}
}

// unborn ends the name of a share that is not whole yet: what writes it would load the library, and
// that read it.
const unborn = ".new"

// ownScript puts a node's share where the library looks for it, and prints where the library is that
// the node's programs load, in a line, and the library. It ends with ownMissing where they load none,
// and says in a line why where it fails otherwise.
const ownScript = `said=$( { mv -f ` + shared + unborn + ` ` + shared + ` && mv -f ` + guard + unborn + ` ` + guard + `; } 2>&1) || { echo "$said"; exit 4; }
maps=$(LD_PRELOAD='` + Library + `' cat /proc/self/maps 2>/dev/null) || exit 3
before=${maps%%` + within + `*}
[ "$before" != "$maps" ] || exit 3
own=${before##* }` + within + `
echo "$own"
cat "$own" || exit 5`

// Statuses of ownScript.
const (
	ownMissing = 3 // also where no program runs with it
	ownUnread  = 5 // after the line that says where it is
)

// staged is where a library is written before it takes its place, which a node's first process may
// have loaded another from.
const staged = "/dev/shm/libfaketime.so.1"

// mendOwn puts a mended library in the place of a node's own, which ownScript printed, if it has to
// be mended.
func mendOwn(ctx context.Context, h Host, own *bounded.First) error {
	at, library, _ := strings.Cut(own.String(), "\n")
	if own.Over() || library == "" {
		return fmt.Errorf("%w: what it has in its place is empty, or larger than %d bytes", ErrMissing, Largest)
	}
	mended, changed := mend([]byte(library))
	if !changed {
		return nil
	}
	if err := h.WriteFile(ctx, staged, mended, 0o644); err != nil {
		return err
	}
	out := bounded.NewFirst(bounded.Words)
	exit, err := run(ctx, h, out, `mv -f "$1" "$2" 2>&1`, staged, at)
	if err == nil && exit != 0 {
		err = fmt.Errorf("put a library in place: %s", firstLine(out))
	}
	return err
}

// giveScript puts the file $1 where a node's dynamic linker finds it, tells where that is and ends
// with 0, if a program loads it without a word. Otherwise the node is as before, and what was said
// is told. Where $LIB is, the linker alone knows: of the folders that there are, one that has a library
// already keeps it.
const giveScript = `staged=$1 told=
cd /usr || exit 1
for lib in lib/*-linux-* lib64 lib; do
	at=$lib` + within + ` made=
	[ -d "$lib" ] && [ ! -e "$at" ] || continue
	[ -d "${at%/*}" ] || made=${at%/*}
	said=$( { mkdir -p "${at%/*}" && cp -f "$staged" "$at" && chmod 0444 "$at"; } 2>&1) || {
		told=$said
		rm -f "$at" 2>/dev/null
		[ -z "$made" ] || rmdir "$made" 2>/dev/null
		continue
	}
	said=$(LD_PRELOAD='` + Library + `' cat /proc/self/maps 2>&1 >"$staged.maps")
	ended=$?
	maps=$(cat "$staged.maps")
	case $maps in *` + within + `*)
		[ "$ended" != 0 ] || [ -n "$said" ] || { rm -f "$staged" "$staged.maps"; echo "/usr/$at"; exit 0; }
	esac
	rm -f "$at"
	[ -z "$made" ] || rmdir "$made"
	[ "$ended" = 0 ] || said=${said:-a program that loads it ends with status $ended}
	case $said in *'cannot open shared object file'*) ;; ?*) told=$said;; esac
done
rm -f "$staged" "$staged.maps"
echo "$told"
exit 1`

// giveOne gives a node the first of some libraries that its programs load.
func giveOne(ctx context.Context, h Host, libraries []topologies.ClockLibrary) (Given, error) {
	missing := ErrMissing
	for _, l := range libraries {
		library, _ := mend(l.Data)
		if err := h.WriteFile(ctx, staged, library, 0o444); err != nil {
			return Given{}, err
		}
		out := bounded.NewFirst(bounded.Words)
		exit, err := run(ctx, h, out, giveScript, staged)
		if err != nil {
			return Given{}, err
		}
		said := firstLine(out)
		if exit == 0 {
			sum := sha256.Sum256(l.Data)
			return Given{From: l.From, Path: l.Path, SHA256: hex.EncodeToString(sum[:]), At: said}, nil
		}
		if said == "" {
			said = "its programs do not load it: it is for another architecture, or they are linked statically or with another C library"
		}
		missing = fmt.Errorf("%w, and not that of %s: %s", missing, l.From, said)
	}
	return Given{}, missing
}

// run runs a script in a node without the lab's clock, which is not there yet: what its shell's own
// linker says of that is not kept.
func run(ctx context.Context, h Host, out io.Writer, script string, args ...string) (exit int, err error) {
	return h.Exec(ctx, append([]string{"sh", "-c", "unset LD_PRELOAD\n" + script, "sh"}, args...), nil, out, io.Discard)
}

// longest bounds what is repeated of what a node says.
const longest = 200

// firstLine is what a node says, for people.
func firstLine(said *bounded.First) string {
	line, _, _ := strings.Cut(said.Trimmed(), "\n")
	return line[:min(len(line), longest)]
}

// Largest bounds what is read as a library, which has 100 kB: what a node has in its place is the node's to say.
const Largest = 4 << 20

// Installed is where Debian's package has the library on a machine of this architecture, and empty
// for one that is not known.
func Installed() string {
	triplet, known := map[string]string{"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}[runtime.GOARCH]
	if !known {
		return ""
	}
	return "/usr/lib/" + triplet + within
}

// OnMachine is the library of this machine, if it has one.
func OnMachine() []topologies.ClockLibrary {
	data, err := plain.Read(Installed(), Largest)
	if err != nil {
		return nil
	}
	return []topologies.ClockLibrary{{From: "this machine", Path: Installed(), Data: data}}
}
