package result

// FirstBad is a row of a matrix, a test with its options and the other roles' subjects, in which the versions
// of one platform do not all work: where it begins, and whether it ends again. What a version between says
// nothing of is named, and guessed at neither way.
type FirstBad struct {
	Test     string            `json:"test"`
	Options  map[string]string `json:"options,omitempty"`
	Role     string            `json:"role"` // whose versions they are
	Platform string            `json:"platform"`
	Others   map[string]string `json:"others,omitempty"`    // subjects, by the other roles
	Verdict  CellVerdict       `json:"verdict"`             // of the first bad version: fail or flaky
	Good     string            `json:"good,omitempty"`      // the last version before it that passed; absent: none before it did
	Bad      string            `json:"bad"`                 // the first version that did not
	Unknown  []string          `json:"unknown,omitempty"`   // versions between the two that say nothing
	Fixed    string            `json:"fixed,omitempty"`     // the first version after it that passed; absent: none did
	BadAgain string            `json:"bad-again,omitempty"` // the first version after that which did not pass; absent: none
	Cell     string            `json:"cell"`                // key of the first bad version's
}

// MatrixReport is a matrix with what follows from it.
type MatrixReport struct {
	Matrix
	FirstBad  []FirstBad  `json:"first-bad,omitempty"`
	Unordered []string    `json:"unordered,omitempty"` // subjects whose version has no place among the others
	Diff      *MatrixDiff `json:"diff,omitempty"`      // from an older run of the suite
	// Opinions are those of a third speaker on cells that failed, the newest of each.
	Opinions []KeptOpinion `json:"opinions,omitempty"`
}
