package lab

import (
	"encoding/json"
	"reflect"

	"github.com/invopop/jsonschema"
)

// Schema gives the JSON Schema (draft 2020-12) of an inventory, generated from the types
// that read it. The copy in schema.json is for editors; a test keeps it fresh.
func Schema() ([]byte, error) {
	r := jsonschema.Reflector{
		FieldNameTag: "yaml", RequiredFromJSONSchemaTags: true,
		Namer: func(t reflect.Type) string { return schemaName(t.Name()) },
	}
	s := r.Reflect(&fileLab{})
	s.ID = "https://reprise-lab.github.io/schema/lab-v1.json"
	s.Title = "Reprise inventory of a lab"
	b, err := json.MarshalIndent(s, "", "  ")
	return append(b, '\n'), err
}
