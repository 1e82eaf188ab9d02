package main

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// object is a JSON object.
type object = map[string]any

var (
	timeType    = reflect.TypeFor[time.Time]()
	decimalType = reflect.TypeFor[decimal.Decimal]()
	textType    = reflect.TypeFor[encoding.TextMarshaler]()
)

const codePattern = "^[a-z][a-z0-9_-]{0,31}$"

// patterns are those of types that write themselves as text, and of fields.
var patterns = map[string]string{
	"points.Weekdays":      "^((mon|tue|wed|thu|fri|sat|sun)(,(mon|tue|wed|thu|fri|sat|sun)){0,6})?$",
	"points.TimeOfDay":     "^([01][0-9]|2[0-3]):[0-5][0-9]$",
	"tiers.Day":            "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
	"points.Unit.code":     codePattern,
	"points.Rule.code":     codePattern,
	"points.Rule.activity": codePattern,
	"points.Rule.stack":    codePattern,

	"points.SpendRate.currency": "^[A-Z]{3}$",
	"points.Minimum.currency":   "^[A-Z]{3}$",
}

// generator makes the schema of a type and of the types in it.
type generator struct {
	source source
	defs   object
}

// generate returns the schema of a program, by the source below root.
func generate(root string) ([]byte, error) {
	src, err := readSource(root)
	if err != nil {
		return nil, err
	}
	g := generator{source: src, defs: object{}}
	program, err := g.schema(reflect.TypeFor[loyalty.Program]())
	if err != nil {
		return nil, err
	}
	program["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	program["title"] = "A program of loyaltykit"
	program["$defs"] = g.defs
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(program); err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}

// schema is the schema of values of a type. Structs are defined once.
func (g *generator) schema(t reflect.Type) (object, error) {
	switch {
	case t == timeType:
		return object{"type": "string", "format": "date-time"}, nil
	case t == decimalType:
		return object{"type": []string{"string", "number"}, "pattern": "^-?[0-9]+(\\.[0-9]+)?$"}, nil
	case t.Kind() == reflect.Pointer:
		return g.schema(t.Elem())
	case reflect.PointerTo(t).Implements(textType):
		pattern, known := patterns[t.String()]
		if !known {
			return nil, fmt.Errorf("type %s writes itself: give it a pattern", t)
		}
		return object{"type": "string", "pattern": pattern}, nil
	}
	switch t.Kind() {
	case reflect.Bool:
		return object{"type": "boolean"}, nil
	case reflect.Int, reflect.Int64:
		return object{"type": "integer"}, nil
	case reflect.String:
		if values := g.source.constants[t.String()]; t.PkgPath() != "" && len(values) > 0 {
			return object{"type": "string", "enum": values}, nil
		}
		return object{"type": "string"}, nil
	case reflect.Slice:
		items, err := g.schema(t.Elem())
		return object{"type": "array", "items": items}, err
	case reflect.Map:
		values, err := g.schema(t.Elem())
		return object{"type": "object", "additionalProperties": values}, err
	case reflect.Struct:
		return object{"$ref": "#/$defs/" + defined(t)}, g.define(t)
	default:
		return nil, fmt.Errorf("type %s has no schema", t)
	}
}

// defined is the name under which a struct is defined: that of a model with names of
// its own that others have too is qualified.
func defined(t reflect.Type) string {
	if name := t.String(); strings.HasPrefix(name, "tiers.") {
		return name
	}
	return t.Name()
}

// define adds the schema of a struct to the definitions.
func (g *generator) define(t reflect.Type) error {
	if _, done := g.defs[defined(t)]; done {
		return nil
	}
	properties, required := object{}, []string{}
	schema := object{"type": "object", "additionalProperties": false, "properties": properties}
	g.defs[defined(t)] = schema
	if doc := g.source.docs[t.String()]; doc != "" {
		schema["description"] = doc
	}
	for field := range t.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if !field.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			return fmt.Errorf("field %s.%s has no name in JSON", t, field.Name)
		}
		property, err := g.schema(field.Type)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", t, field.Name, err)
		}
		if pattern, ok := patterns[t.String()+"."+name]; ok {
			property["pattern"] = pattern
		}
		if doc := g.source.docs[t.String()+"."+field.Name]; doc != "" {
			property["description"] = doc
		}
		properties[name] = property
		if options == "" {
			required = append(required, name)
		}
	}
	if len(required) > 0 {
		slices.Sort(required)
		schema["required"] = required
	}
	return nil
}

// The types whose text has a pattern.
var _ = [...]encoding.TextMarshaler{points.Weekdays(0), points.TimeOfDay(0)}
