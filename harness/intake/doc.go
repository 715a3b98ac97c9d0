// Package intake takes what people really send: collections for support, captures of terminals,
// configurations, logs, captures of frames, packed or not, and says what is in it.
//
//	g, err := intake.NewGrammar()
//	imported, err := g.Files(names, intake.Options{Visit: func(p *intake.Part, c *intake.Command, text string) error { … }})
//
// # Contract
//
// A text is cut into commands and their answers, each with the byte and the line that it begins at,
// in the text as it was sent (in an unpacked one, where that was packed). Colours, pagers, what was
// written over and carriage returns are taken out of an answer and counted. A line of a log that came in
// the midst of another answer is taken out of it and counted. What no pattern names is counted and
// shown, not guessed at.
//
// Nothing is believed twice: an answer that came before is marked [Command.Again], a part that did
// [Part.SameAs], and a fact that another contradicts is in [Part.Contradictions].
//
// What is cut is told, at the end, in the middle and of one of several: by the marks that a platform
// begins and ends with, the counts that tables end with, the counter in a prompt, the end of a
// configuration, the last line. What nobody can tell is not called whole.
//
// Files are input of strangers. A plain or gzip text is read line by line, and only one answer of at most
// [MaxAnswer] bytes is held; archives are unpacked within [Options].Limits; what is beyond a
// bound is an error of that file, beside what was read before it.
//
// What platforms look like is data, in grammar.yaml, which also says what each platform's patterns
// rest on ([Platform.Basis]).
//
// # Not for
//
// Judging, and reading tables: that is for who knows the platform.
package intake
