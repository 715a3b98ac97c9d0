package infer

import (
	"regexp"
	"strings"
)

// unwanted are the beginnings of lines, and of stanzas with all in them, that a lab does not get:
// management, AAA, SNMP, users, certificates, and what would call home.
func unwanted(platform string) *regexp.Regexp {
	switch platform {
	case "exos":
		return regexp.MustCompile(`^(?:(?:un)?configure|create|enable|disable|delete) (?:snmp\S*|account|ssl|ssh2|radius|radius-accounting|tacacs|tacacs-accounting|web|telnet|sntp-client|ntp|syslog|banner|failsafe-account|ldap|netlogin|tech-support|vlan "?Mgmt"?|iproute add .* vr VR-Mgmt)\b`)
	case "voss":
		return regexp.MustCompile(`^(?:username|snmp-server|radius|tacacs|ssh|telnet|certificate|mgmt |ntp|syslog|password|web-server|banner|cli password|boot config|logging|ip ssh|ip ntp)\b`)
	case "junos":
		return regexp.MustCompile(`^(?:login|root-authentication|services|snmp|tacplus-server|radius-server|syslog|ntp|name-server|license|pki|certificates|encrypted-password|fxp0|me0|em0)\b`)
	default:
		return regexp.MustCompile(`^(?:no )?(?:aaa|username|enable (?:secret|password)|snmp-server|crypto|line (?:vty|con|aux)|ip ssh|ip http|ip domain|tacacs|tacacs-server|radius|radius-server|management|ntp|logging|banner|password|service password-encryption|interface (?:[Mm]gmt|Management)\S*|vrf (?:context|definition) (?:management|[Mm]gmt)\S*|ssh|telnet|ldap|key chain|daemon TerminAttr|license|call-home)\b`)
	}
}

// Clean takes out of a configuration what a lab does not get, and lists it: the first line of each piece,
// without its values.
func Clean(platform, text string) (cleaned string, out []string) {
	if platform == "bird" || platform == "ovs" {
		return text, nil
	}
	re := unwanted(platform)
	var w strings.Builder
	depth, within := 0, false
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		indented := strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t")
		switch {
		case depth > 0: // in a block of braces
			depth += strings.Count(line, "{") - strings.Count(line, "}")
			continue
		case trimmed == "Building configuration..." || strings.HasPrefix(trimmed, "Current configuration"): // the command's own words
			continue
		case within && (indented || trimmed == "exit" || trimmed == ""):
			continue
		}
		within = false
		asked := strings.TrimPrefix(trimmed, "set system ")
		if !re.MatchString(asked) || platform != "junos" && indented {
			w.WriteString(line)
			continue
		}
		out = append(out, words(trimmed))
		if platform == "junos" {
			depth = max(0, strings.Count(line, "{")-strings.Count(line, "}"))
		} else {
			within = platform != "exos"
		}
	}
	return w.String(), out
}

// words are the first three words of a line, which hold no value that is secret.
func words(line string) string {
	f := strings.Fields(line)
	if len(f) > 2 {
		return f[0] + " " + f[1] + " …"
	}
	return f[0] + " …"
}
