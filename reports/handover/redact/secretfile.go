package redact

import (
	"bytes"
	"path"
	"regexp"
	"strings"
)

// secretNames are files that hold a secret and nothing else, by their names: psk.txt, wifi-psk, snmp_community.txt.
var secretNames = regexp.MustCompile(`^(?:.*[-_.])?(?:psk|pass|passwd|password|passphrase|passwort|secret|token|community|pre-?shared-?key|shared-?secret|api-?key)s?$`)

// longestSecretLine bounds the only line of such a file, in bytes.
const longestSecretLine = 256

// secretFile gives where in a file its only line is, where that is a secret by the file's name. What says itself which secret it is
// (password: x) is left to the grammar.
func secretFile(name string, data []byte) (from, to int, ok bool) {
	base := strings.ToLower(path.Base(strings.ReplaceAll(name, "!", "/")))
	switch ext := path.Ext(base); ext {
	case ".txt", ".psk", ".secret", ".pass", ".password", ".pwd", ".key":
		if base = strings.TrimSuffix(base, ext); ext != ".txt" && ext != ".key" {
			base = ext[1:]
		}
	}
	line := bytes.TrimSpace(data)
	if !secretNames.MatchString(base) && base != "pwd" || len(line) < 3 || len(line) > longestSecretLine || bytes.ContainsAny(line, "\n=:") {
		return 0, 0, false
	}
	from = bytes.Index(data, line)
	return from, from + len(line), !isPlaceholder(string(line)) && !isReference(string(line))
}
