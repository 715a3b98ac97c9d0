package scenarios

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// mostNested bounds how deep JSON is nested, as encoding/json does.
const mostNested = 10_000

// exactJSON reads an answer as JSON (RFC 8259) that decides something: whole numbers are exact, and what is
// ambiguous or cannot be held exactly is unknown in its place. Of a name that an object has twice the RFC
// leaves open which value counts (section 4): where the values differ, it has none.
func (e *evaluator) exactJSON(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(strings.TrimSpace(text)))
	d.UseNumber()
	v, err := e.jsonValue(d, 0)
	if err == nil {
		_, err = d.Token()
		if err == nil {
			err = errors.New("more follows after the first value")
		} else if errors.Is(err, io.EOF) {
			return v, nil
		}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("unexpected end of JSON input")
	}
	return nil, fmt.Errorf("%w: %w", ErrNotJSON, err)
}

// jsonValue reads the next value.
func (e *evaluator) jsonValue(d *json.Decoder, depth int) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	if depth > mostNested {
		return nil, errors.New("exceeded max depth")
	}
	switch t := t.(type) {
	case json.Number:
		return e.jsonNumber(t), nil
	case json.Delim:
		if t == '{' {
			return e.jsonObject(d, depth)
		}
		list := []any{}
		for d.More() {
			v, err := e.jsonValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := d.Token()
		return list, err
	default:
		return t, nil
	}
}

func (e *evaluator) jsonObject(d *json.Decoder, depth int) (any, error) {
	object := map[string]any{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, _ := t.(string) // the decoder takes nothing else here
		v, err := e.jsonValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		if was, twice := object[name]; twice && e.equal(e.p.node, was, v) != true {
			v = e.kept(no(e.p.node, "an object of the answer has %q twice, and differently", name))
		}
		object[name] = v
	}
	_, err := d.Token()
	return object, err
}

// jsonNumber is a whole number where it is one, and unknown where no number that there is here is it.
func (e *evaluator) jsonNumber(n json.Number) any {
	s := n.String()
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return int(i)
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f == math.Trunc(f) && math.Abs(f) >= 1<<63 && strings.Trim(s, "-0123456789") == "" {
		return e.kept(no(e.p.node, "the number %s of the answer is too large to be known exactly", bounded(s, 40)))
	}
	return f
}

// noNumber is unknown where one of some values is what floating point has in place of a number (NaN of IEEE 754):
// it is neither equal nor unequal to anything, neither more nor less.
func (e *evaluator) noNumber(n ast.Node, values ...any) *unknown {
	for _, v := range values {
		if f, ok := v.(float64); ok && math.IsNaN(f) && !e.now.Loose {
			return no(n, "NaN is no number")
		}
	}
	return nil
}

// overflown is the sum, difference or product of whole numbers, where it is beyond them.
func overflown(operator string, a, b any) (float64, bool) {
	x, isInt := a.(int)
	y, also := b.(int)
	if !isInt || !also {
		return 0, false
	}
	var f float64
	switch operator {
	case "+":
		f = float64(x) + float64(y)
	case "-":
		f = float64(x) - float64(y)
	case "*":
		f = float64(x) * float64(y)
	}
	return f, math.Abs(f) >= 1<<63
}
