package namespaces

import "testing"

// What is mounted over the root, or where programs and what they are made of are, hides those of the image.
func TestOnlyBeside(t *testing.T) {
	t.Parallel()
	const root = "100 90 0:50 / / rw,nosuid - overlay overlay rw\n"
	at := func(place string) string { return "101 100 0:51 / " + place + " rw - tmpfs tmpfs rw\n" }
	for mounts, want := range map[string]bool{
		root: true,
		root + at("/proc") + at("/dev/net/tun") + at("/sys/firmware") + at("/run") + at("/tmp"): true,
		root + root:               false,
		root + at("/usr"):         false,
		root + at("/usr/lib/frr"): false,
		root + at("/runs"):        false,
		root + at("/etc"):         false,
		root + "short\n":          false,
		at("/run"):                false,
		"":                        false,
	} {
		if got := onlyBeside(mounts); got != want {
			t.Errorf("%t of\n%s", got, mounts)
		}
	}
}
