package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
)

const root = "../.."

func TestTheSchemaIsUpToDate(t *testing.T) {
	want, err := generate(root)
	require.NoError(t, err)
	have, err := os.ReadFile(filepath.Join(root, file))
	require.NoError(t, err)
	require.Equal(t, string(want), string(have), "run go run ./internal/schema at the root of the repository")
}

// checker checks JSON by the keywords that the generator writes, and fails at any
// other.
type checker struct{ defs map[string]any }

func readChecker(t *testing.T) (checker, map[string]any) {
	text, err := os.ReadFile(filepath.Join(root, file))
	require.NoError(t, err)
	var schema map[string]any
	require.NoError(t, json.Unmarshal(text, &schema))
	return checker{defs: schema["$defs"].(map[string]any)}, schema
}

func (c checker) check(schema map[string]any, value any, path string) error {
	var problems []error
	problem := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf(path+": "+format, args...))
	}
	for _, keyword := range slices.Sorted(maps.Keys(schema)) {
		switch rule := schema[keyword]; keyword {
		case "$schema", "$defs", "title", "description":
		case "$ref":
			name := strings.TrimPrefix(rule.(string), "#/$defs/")
			problems = append(problems, c.check(c.defs[name].(map[string]any), value, path))
		case "type":
			if !hasType(rule, value) {
				problem("is %T, want %v", value, rule)
			}
		case "enum":
			if !slices.Contains(rule.([]any), value) {
				problem("%v is none of %v", value, rule)
			}
		case "pattern":
			if text, ok := value.(string); ok && !regexp.MustCompile(rule.(string)).MatchString(text) {
				problem("%q does not match %s", text, rule)
			}
		case "format":
			if _, err := time.Parse(time.RFC3339, fmt.Sprint(value)); rule != "date-time" || err != nil {
				problem("%v is no %v", value, rule)
			}
		case "items":
			if list, ok := value.([]any); ok {
				for i, item := range list {
					problems = append(problems, c.check(rule.(map[string]any), item, fmt.Sprintf("%s[%d]", path, i)))
				}
			}
		case "required":
			for _, name := range rule.([]any) {
				if object, ok := value.(map[string]any); ok && object[name.(string)] == nil {
					problem("%v is missing", name)
				}
			}
		case "properties", "additionalProperties":
			if keyword == "additionalProperties" {
				problems = append(problems, c.properties(schema, value, path))
			}
		default:
			problem("the schema has a keyword %q that this test does not know", keyword)
		}
	}
	return errors.Join(problems...)
}

func (c checker) properties(schema map[string]any, value any, path string) error {
	object, ok := value.(map[string]any)
	if !ok {
		return nil
	}
	known, _ := schema["properties"].(map[string]any)
	others, _ := schema["additionalProperties"].(map[string]any)
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(object)) {
		property, ok := known[name].(map[string]any)
		if !ok {
			property = others
		}
		if property == nil {
			problems = append(problems, fmt.Errorf("%s: unknown field %q", path, name))
			continue
		}
		problems = append(problems, c.check(property, object[name], path+"."+name))
	}
	return errors.Join(problems...)
}

func hasType(rule, value any) bool {
	names, list := rule.([]any)
	if !list {
		names = []any{rule}
	}
	return slices.ContainsFunc(names, func(name any) bool {
		switch value := value.(type) {
		case string:
			return name == "string"
		case bool:
			return name == "boolean"
		case []any:
			return name == "array"
		case map[string]any:
			return name == "object"
		case json.Number:
			_, err := value.Int64()
			return name == "number" || name == "integer" && err == nil
		default:
			return false
		}
	})
}

func shipped(t *testing.T) map[string][]byte {
	programs := map[string][]byte{}
	for _, pattern := range []string{"examples/programs/*.json", "examples/*/programs/*.json"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, path := range paths {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			programs[filepath.Base(path)] = text
		}
	}
	require.GreaterOrEqual(t, len(programs), 3)
	return programs
}

func decoded(t *testing.T, text []byte) any {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	require.NoError(t, decoder.Decode(&value))
	return value
}

func TestTheSchemaAcceptsTheShippedPrograms(t *testing.T) {
	c, schema := readChecker(t)
	for name, text := range shipped(t) {
		t.Run(name, func(t *testing.T) {
			program, err := loyalty.ParseProgram(bytes.NewReader(text))
			require.NoError(t, err)
			require.NoError(t, c.check(schema, decoded(t, text), "program"))
			again, err := json.Marshal(program)
			require.NoError(t, err)
			require.NoError(t, c.check(schema, decoded(t, again), "program"), "as Go writes it")
		})
	}
}

// TestTheSchemaRefusesWhatParsingRefuses puts an unknown field into every object of
// the shipped programs, one at a time.
func TestTheSchemaRefusesWhatParsingRefuses(t *testing.T) {
	c, schema := readChecker(t)
	spoilt := 0
	for name, text := range shipped(t) {
		value := decoded(t, text)
		for path, object := range objects(value, "program") {
			if strings.HasSuffix(path, ".attributes") {
				continue // its names are free
			}
			object["beanz"] = json.Number("1")
			err := c.check(schema, value, "program")
			require.ErrorContains(t, err, `unknown field "beanz"`, "%s: %s", name, path)
			bad, marshalErr := json.Marshal(value)
			require.NoError(t, marshalErr)
			_, err = loyalty.ParseProgram(bytes.NewReader(bad))
			require.ErrorIs(t, err, loyalty.ErrInvalid, "%s: %s", name, path)
			delete(object, "beanz")
			spoilt++
		}
	}
	require.Greater(t, spoilt, 50)
}

// TestTheSchemaRefusesValuesOfAnotherType swaps each value of the shipped programs for one
// of each other type: what parsing refuses, the schema does.
func TestTheSchemaRefusesValuesOfAnotherType(t *testing.T) {
	c, schema := readChecker(t)
	refused := 0
	for name, text := range shipped(t) {
		value := decoded(t, text)
		for path, object := range objects(value, "program") {
			for field, good := range object {
				for _, other := range []any{json.Number("7"), "seven", true, []any{}, map[string]any{}} {
					if reflect.TypeOf(other) == reflect.TypeOf(good) {
						continue
					}
					object[field] = other
					bad, err := json.Marshal(value)
					require.NoError(t, err)
					_, parses := loyalty.ParseProgram(bytes.NewReader(bad))
					if parses != nil {
						refused++
						assert.Error(t, c.check(schema, value, "program"), "%s: %s.%s is %v: %v", name, path, field, other, parses)
					}
				}
				object[field] = good
			}
		}
	}
	require.Greater(t, refused, 500)
}

func TestTheSchemaRefusesNamedMistakes(t *testing.T) {
	c, schema := readChecker(t)
	for name, text := range map[string]string{
		"a unit without a code":       `{"id":"a","zone":"UTC","units":[{"expiry":{"never":true}}]}`,
		"a rounding that is not":      `{"id":"a","zone":"UTC","units":[],"earning":[{"code":"a","spend":{"points":1,"per":1,"currency":"EUR","rounding":"nearest"}}]}`,
		"a day that is not":           `{"id":"a","zone":"UTC","units":[],"earning":[{"code":"a","when":{"weekdays":"day"}}]}`,
		"a time that is not":          `{"id":"a","zone":"UTC","units":[],"earning":[{"code":"a","when":{"hours":[{"from":"25:00"}]}}]}`,
		"points with decimals":        `{"id":"a","zone":"UTC","units":[],"earning":[{"code":"a","bonus":1.5}]}`,
		"a cap without a period":      `{"id":"a","zone":"UTC","units":[],"earning":[{"code":"a","caps":[{"times":1}]}]}`,
		"a period that is not":        `{"id":"a","zone":"UTC","units":[],"earning":[{"code":"a","caps":[{"times":1,"per":"fortnight"}]}]}`,
		"a currency in small letters": `{"id":"a","zone":"UTC","units":[],"earning":[{"code":"a","spend":{"points":1,"per":1,"currency":"eur"}}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			require.Error(t, c.check(schema, decoded(t, []byte(text)), "program"))
			_, err := loyalty.ParseProgram(strings.NewReader(text))
			require.ErrorIs(t, err, loyalty.ErrInvalid)
		})
	}
}

// objects lists every object in a value by its path.
func objects(value any, path string) map[string]map[string]any {
	found := map[string]map[string]any{}
	switch value := value.(type) {
	case map[string]any:
		found[path] = value
		for name, inner := range value {
			maps.Copy(found, objects(inner, path+"."+name))
		}
	case []any:
		for i, inner := range value {
			maps.Copy(found, objects(inner, fmt.Sprintf("%s[%d]", path, i)))
		}
	}
	return found
}
