package wiring

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// settingsDir is where a kernel shows its settings, a file for each, with the points of its name as folders (proc_sys(5)).
const settingsDir = "/proc/sys"

// settingFile is the file of a setting that sysctl(8) knows as key.
func settingFile(key string) string {
	return settingsDir + filepath.Clean("/"+strings.ReplaceAll(key, ".", "/"))
}

// CheckSettings looks whether this machine's kernel has what a node sets (sysctls). The first that it lacks is a
// *topologies.MissingError.
func CheckSettings(n topologies.Node) error {
	for _, key := range slices.Sorted(maps.Keys(n.Sysctls)) {
		if _, err := os.Stat(settingFile(key)); errors.Is(err, fs.ErrNotExist) {
			return LackingSetting(key)
		}
	}
	return nil
}

// LackingSetting is the error that a kernel has not the setting key.
func LackingSetting(key string) *topologies.MissingError {
	hint := "use a kernel that has it, or load its module; a lab of machines has a kernel of its own (image reprise/guest:bookworm)"
	file := settingFile(key)
	if beside, err := os.ReadDir(filepath.Dir(file)); err == nil {
		var names []string
		for _, e := range beside {
			names = append(names, e.Name())
		}
		if near := yamlpos.Suggest(filepath.Base(file), names); near != "" {
			hint = near + " Else " + hint
		}
	}
	return &topologies.MissingError{What: kernelAbility, Name: "sysctl " + key, Hint: hint}
}
