package suite

// platform is how one platform says what tests ask for.
type platform struct {
	Platform string         `yaml:"platform"`
	Image    string         `yaml:"image"`
	Config   string         `yaml:"config"`
	Values   values         `yaml:"values"` // of its own, beside those of the suite
	Node     raw            `yaml:"node"`
	Scenario raw            `yaml:"scenario"`
	Looks    map[string]raw `yaml:"looks"`
	Does     map[string]raw `yaml:"does"`
	Lacks    []lack         `yaml:"lacks"`
}

// lack is what versions do not offer.
type lack struct {
	Versions  string   `yaml:"versions"`
	Tests     []string `yaml:"tests"`
	Why       string   `yaml:"why"`
	Reference string   `yaml:"reference"`
}
