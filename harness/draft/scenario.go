package draft

// scenarioFile is the part of the scenario language that is written.
type scenarioFile struct {
	Reprise  string          `yaml:"reprise"`
	ID       string          `yaml:"id"`
	Title    string          `yaml:"title"`
	Labels   []string        `yaml:"labels,flow"`
	Problem  problem         `yaml:"problem"`
	Topology string          `yaml:"topology"`
	Clock    *clock          `yaml:"clock,omitempty"`
	Nodes    map[string]node `yaml:"nodes"`
	Baseline []condition     `yaml:"baseline,omitempty"`
	Stimulus []step          `yaml:"stimulus,omitempty"`
	Symptom  []condition     `yaml:"symptom"`
	Control  *control        `yaml:"control,omitempty"`
	Trials   trials          `yaml:"trials"`
}

type problem struct {
	What    string  `yaml:"what"`
	How     string  `yaml:"how"`
	Product product `yaml:"product,omitempty"`
}

type product struct {
	Platform string `yaml:"platform,omitempty"`
	Version  string `yaml:"version,omitempty"`
}

type clock struct {
	Speed int    `yaml:"speed,omitempty"`
	Start string `yaml:"start"`
}

type node struct {
	Role     string            `yaml:"role"`
	Platform string            `yaml:"platform"`
	Image    string            `yaml:"image,omitempty"`
	Config   string            `yaml:"config,omitempty"`
	Files    map[string]string `yaml:"files,omitempty"`
	Services []string          `yaml:"services,flow,omitempty"`
}

type condition struct {
	Name          string `yaml:"name"`
	Node          string `yaml:"node"`
	Run           string `yaml:"run,omitempty"`
	Reach         *reach `yaml:"reach,flow,omitempty"`
	Exec          string `yaml:"exec,omitempty"`
	Core          string `yaml:"core,omitempty"`
	Log           string `yaml:"log,omitempty"`
	Expect        string `yaml:"expect,omitempty"`
	Eventually    string `yaml:"eventually,omitempty"`
	Within        string `yaml:"within,omitempty"`
	Consistently  string `yaml:"consistently,omitempty"`
	Never         string `yaml:"never,omitempty"`
	MayHoldBefore bool   `yaml:"may-hold-before,omitempty"`
	AfterFalse    bool   `yaml:"after-false,omitempty"`
}

type reach struct {
	Ping string `yaml:"ping"`
}

type step struct {
	Name      string     `yaml:"name,omitempty"`
	Node      string     `yaml:"node,omitempty"`
	Configure []string   `yaml:"configure,omitempty"`
	Run       string     `yaml:"run,omitempty"`
	Exec      string     `yaml:"exec,omitempty"`
	MayFail   bool       `yaml:"may-fail,omitempty"`
	Link      string     `yaml:"link,omitempty"`
	Fault     string     `yaml:"fault,omitempty"`
	Process   string     `yaml:"process,omitempty"`
	Direction string     `yaml:"direction,omitempty"`
	For       string     `yaml:"for,omitempty"`
	Hold      string     `yaml:"hold,omitempty"`
	Why       string     `yaml:"why,omitempty"`
	WaitFor   *condition `yaml:"wait-for,omitempty"`
}

type control struct {
	Without []string          `yaml:"without,flow,omitempty"`
	Set     map[string]string `yaml:"set,omitempty"`
}

type trials struct {
	Count int    `yaml:"count"`
	Reset string `yaml:"reset"`
}
