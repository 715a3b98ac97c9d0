package reports

// Marks are what must be said wherever the run's evidence goes, in words.
func (r *Run) Marks() []string {
	if r.Verdict == nil {
		return nil
	}
	var words []string
	for _, m := range r.Verdict.Marks {
		words = append(words, MarkWords(m))
	}
	return words
}

// MarkWords says what a mark means to who hands the evidence on.
func MarkWords(mark string) string {
	switch mark {
	case "simulated":
		return "simulated: made on a simulator; it is no reproduction and cannot be escalated as one"
	case "licence":
		return "licence: the image's licence forbids handing these results to a third party"
	default:
		return mark
	}
}
