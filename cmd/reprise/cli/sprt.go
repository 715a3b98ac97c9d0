package cli

import (
	"strconv"
	"strings"
)

// ParseSPRT reads what --sprt says: the rates between which a sequential test decides.
func ParseSPRT(text string) (p0, p1 float64, err error) {
	low, high, _ := strings.Cut(text, ",")
	p0, err0 := strconv.ParseFloat(strings.TrimSpace(low), 64)
	p1, err1 := strconv.ParseFloat(strings.TrimSpace(high), 64)
	if err0 != nil || err1 != nil || !(0 < p0 && p0 < p1 && p1 < 1) {
		return 0, 0, InputError("--sprt %s: want p0,p1 with 0 < p0 < p1 < 1, as 0.05,0.5", text)
	}
	return p0, p1, nil
}
