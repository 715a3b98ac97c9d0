package cases

import (
	"encoding/json"

	"github.com/invopop/jsonschema"
)

// Schema gives the JSON Schema (draft 2020-12) of case.yaml, generated from the types that
// read it. The copy in schema.json is for editors; a test keeps it fresh.
func Schema() ([]byte, error) {
	r := jsonschema.Reflector{FieldNameTag: "yaml", RequiredFromJSONSchemaTags: true}
	s := r.Reflect(&Case{})
	s.ID = "https://reprise-lab.github.io/schema/case-v1.json"
	s.Title = "Reprise case"
	b, err := json.MarshalIndent(s, "", "  ")
	return append(b, '\n'), err
}
