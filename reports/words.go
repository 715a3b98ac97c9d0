package reports

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// VerdictWord is a verdict in words; of an empty one, that there is none.
func VerdictWord(v evidence.Verdict) string {
	switch v {
	case evidence.Reproduced:
		return "Reproduced"
	case evidence.NotReproduced:
		return "Not reproduced"
	case evidence.Inconclusive:
		return "Inconclusive"
	case evidence.NotApplicable:
		return "Not applicable"
	default:
		return "No verdict"
	}
}

// Headline is the verdict of the run in words, with the lab's clock where that is its own.
func (r *Run) Headline() string {
	if r.Verdict == nil {
		return "Broken off"
	}
	return VerdictWord(r.Verdict.Verdict) + r.Info.Clock.Beside()
}

// Share tells k of n, the rate where there is one, and the speed where that is not real time's.
func (r *Run) Share() string {
	k, n := r.Recorded.Reproduced, r.Recorded.Valid()
	if r.Verdict != nil {
		k, n = r.Verdict.Reproduced, r.Verdict.Valid()
	}
	if n == 0 {
		return "no valid trial"
	}
	return fmt.Sprintf("%d of %d valid trials%s (%s)", k, n, r.Info.Clock.Beside(), Percent(float64(k)/float64(n)))
}

// Intervals names both 95 % intervals of the rate; of a run without a rate, that there is none.
func (r *Run) Intervals() string {
	switch {
	case r.Disputed != "":
		return "no 95\u00a0% interval: no trial counts"
	case r.Rate == nil:
		return "no 95\u00a0% interval: the run has no rate.json"
	case r.Rate.Valid == 0:
		return "no 95\u00a0% interval: no trial is valid"
	default:
		w, c := r.Rate.Wilson, r.Rate.ClopperPearson
		return fmt.Sprintf("95\u00a0%% interval %s to %s (Wilson), %s to %s (Clopper–Pearson, exact)",
			Percent(w[0]), Percent(w[1]), Percent(c[0]), Percent(c[1]))
	}
}

// Sentence begins with a capital letter.
func Sentence(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return strings.ToUpper(s[:n]) + s[n:]
}

// Percent writes a share of one, with a space that does not break.
func Percent(p float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(100*p, 'f', 1, 64), ".0") + "\u00a0%"
}

// Plural counts things.
func Plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}

// Span writes a duration for people.
func Span(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	default:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
}

// Clock writes a moment of a trial, in seconds since it began.
func Clock(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

// Size writes a number of bytes for people.
func Size(n int64) string {
	switch {
	case n < 1<<10:
		return Plural(int(n), "byte")
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	default:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
}

// Version is the version of a node's software as its image's tag says, empty when it says none.
func Version(image string) string {
	name, _, _ := strings.Cut(image, "@")
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		return name[i+1:]
	}
	return ""
}

// Rerun is the command line that repeats the run from within its directory.
func (r *Run) Rerun() string {
	file := r.Info.Scenario.File
	if file == "" {
		file = "scenario.yaml"
	}
	words := []string{"reprise", "run", "input/" + file, "--trials", strconv.Itoa(max(1, r.Info.Trials))}
	if r.Info.Labs > 1 {
		words = append(words, "--labs", strconv.Itoa(r.Info.Labs))
	}
	if r.Info.Variant == evidence.VariantControl {
		words = append(words, "--control")
	}
	if r.Info.Reset != r.Info.Scenario.Reset {
		words = append(words, "--reset", r.Info.Reset)
	}
	if declared := (evidence.Clock{Speed: r.Info.Scenario.Speed}); r.Info.Clock.Factor() != declared.Factor() {
		words = append(words, "--speed", strconv.FormatFloat(r.Info.Clock.Factor(), 'g', -1, 64))
	}
	for _, k := range SortedKeys(r.Info.Set) {
		words = append(words, "--set", k+"="+r.Info.Set[k])
	}
	for i, w := range words {
		words[i] = shellWord(w)
	}
	return strings.Join(words, " ")
}

// shellWord quotes a word where a shell would take it apart.
func shellWord(w string) string {
	plain := strings.IndexFunc(w, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/=:@%+,-", r)
	}) < 0
	if plain && w != "" {
		return w
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}

// Ranges writes numbers in order, runs of them short: 1–3, 7.
func Ranges(numbers []int) string {
	var parts []string
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && numbers[j+1] == numbers[j]+1 {
			j++
		}
		part := fmt.Sprint(numbers[i])
		if j > i {
			part += fmt.Sprintf("–%d", numbers[j])
		}
		parts = append(parts, part)
		i = j + 1
	}
	return strings.Join(parts, ", ")
}
