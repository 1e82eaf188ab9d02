package report

import (
	"fmt"
	"html/template"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-analyze/charts"
)

// Drawings are made in colors that stand for roles, which become variables of the
// page: one drawing serves light, dark and print.
const roleRed, roleGreen = 1, 2

var roles = []string{"axis", "grid", "text", "none", "series-1", "series-2", "series-3", "series-4"}

func role(name string) charts.Color {
	for i, r := range roles {
		if r == name {
			return charts.Color{R: roleRed, G: roleGreen, B: uint8(i + 1), A: 255}
		}
	}
	return charts.Color{}
}

func palette(series ...string) charts.ColorPalette {
	o := charts.ThemeOption{
		AxisStrokeColor: role("axis"), AxisSplitLineColor: role("grid"), TextColor: role("text"),
		BackgroundColor: charts.Color{},
	}
	for _, s := range series {
		o.SeriesColors = append(o.SeriesColors, role(s))
	}
	return charts.MakeTheme(o)
}

const width, height = 460, 290

var (
	roleColor = regexp.MustCompile(`rgba?\(` + strconv.Itoa(roleRed) + `,` + strconv.Itoa(roleGreen) + `,(\d+)(?:,[\d.]+)?\)`)
	namespace = regexp.MustCompile(` xmlns(:\w+)?="[^"]*"`)
	fontName  = regexp.MustCompile(`font-family:[^;"]*`)
)

// drawing returns what a painter drew as part of the page. Its texts were escaped
// by the painter.
func drawing(p *charts.Painter, label string) (template.HTML, error) {
	svg, err := p.Bytes()
	if err != nil {
		return "", fmt.Errorf("report: drawing %s: %w", label, err)
	}
	text := roleColor.ReplaceAllStringFunc(string(svg), func(found string) string {
		n, err := strconv.Atoi(roleColor.FindStringSubmatch(found)[1])
		if err != nil || n < 1 || n > len(roles) {
			return "currentColor"
		}
		return "var(--" + roles[n-1] + ")"
	})
	text = fontName.ReplaceAllString(namespace.ReplaceAllString(text, ""), "font-family:inherit")
	open := `<svg role="img" aria-label="` + template.HTMLEscapeString(label) + `" `
	return template.HTML(open + strings.TrimPrefix(text, "<svg ")), nil
}

func painter(theme charts.ColorPalette) *charts.Painter {
	return charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: width, Height: height, Theme: theme})
}

// line is one of the lines of a chart; NaN is a gap.
type line struct {
	name   string
	color  string
	values []float64
}

func lineChart(label string, labels []string, lines []line, top *float64, format func(float64) string) (template.HTML, error) {
	var colors, names []string
	var values [][]float64
	for _, l := range lines {
		colors, names = append(colors, l.color), append(names, l.name)
		v := make([]float64, len(l.values))
		for i := range v {
			v[i] = l.values[i]
			if math.IsNaN(v[i]) {
				v[i] = charts.GetNullValue()
			}
		}
		values = append(values, v)
	}
	theme := palette(colors...)
	o := charts.NewLineChartOptionWithData(values)
	o.Theme = theme
	o.Legend = charts.LegendOption{SeriesNames: names}
	o.XAxis.Labels = labels
	o.XAxis.LabelCount = min(len(labels), 6)
	o.YAxis = []charts.YAxisOption{{Min: new(0.0), Max: top, ValueFormatter: format}}
	o.Symbol = charts.Symbol{Shape: charts.SymbolNone}
	o.LineStrokeWidth = 2
	o.ValueFormatter = format
	p := painter(theme)
	if err := p.LineChart(o); err != nil {
		return "", fmt.Errorf("report: %s: %w", label, err)
	}
	return drawing(p, label)
}

// everyFew blanks labels between those that have room.
func everyFew(labels []string, most int) []string {
	step := (len(labels) + most - 1) / most
	few := make([]string, len(labels))
	for i := 0; i < len(labels); i += step {
		few[i] = labels[i]
	}
	return few
}

// barChart draws as many of the labels as shown says, or, with 0, as there is room for.
func barChart(label string, labels []string, shown int, bars []line, format func(float64) string) (template.HTML, error) {
	var colors, names []string
	var values [][]float64
	for _, b := range bars {
		colors, names, values = append(colors, b.color), append(names, b.name), append(values, b.values)
	}
	theme := palette(colors...)
	o := charts.NewBarChartOptionWithData(values)
	o.Theme = theme
	o.Legend = charts.LegendOption{SeriesNames: names}
	o.CategoryAxis.Labels, o.CategoryAxis.LabelCount = labels, shown
	o.ValueAxis = []charts.ValueAxisOption{{ValueFormatter: format}}
	o.ValueFormatter = format
	p := painter(theme)
	if err := p.BarChart(o); err != nil {
		return "", fmt.Errorf("report: %s: %w", label, err)
	}
	return drawing(p, label)
}
