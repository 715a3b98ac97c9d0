package scenarios

import (
	"encoding/json"

	"github.com/invopop/jsonschema"
)

// Schema gives the JSON Schema (draft 2020-12) of a scenario file, generated from
// [Scenario]. The copy in schema.json is for editors; a test keeps it fresh.
func Schema() ([]byte, error) {
	r := jsonschema.Reflector{FieldNameTag: "yaml", RequiredFromJSONSchemaTags: true}
	s := r.Reflect(&Scenario{})
	s.ID = "https://reprise-lab.github.io/schema/scenario-v1.json"
	s.Title = "Reprise scenario"
	b, err := json.MarshalIndent(s, "", "  ")
	return append(b, '\n'), err
}
