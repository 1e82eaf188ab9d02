package report_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image/color"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/report"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func write(t testing.TB, r report.Report) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, report.Write(&b, r))
	return b.String()
}

// sectionOf returns a part of a page by its id.
func sectionOf(t *testing.T, page, id string) string {
	t.Helper()
	_, rest, found := strings.Cut(page, `<section id="`+id+`"`)
	require.True(t, found, "the page has a section %s", id)
	part, _, found := strings.Cut(rest, "</section>")
	require.True(t, found)
	return part
}

func TestEveryPartIsThereWithItsNumbersAsATable(t *testing.T) {
	page := write(t, café(t))
	for _, id := range []string{"retention", "cohorts", "rfm", "segments", "alive", "tracking", "risk", "tiers", "nps", "liability"} {
		part := sectionOf(t, page, id)
		assert.Contains(t, part, "<table>", id)
		assert.Contains(t, part, "<caption>", id)
		assert.Contains(t, part, `<th scope="col">`, id)
		assert.Contains(t, part, `<th scope="row">`, id)
	}
	for _, id := range []string{"retention", "tracking", "nps", "liability"} {
		part := sectionOf(t, page, id)
		assert.Contains(t, part, `<svg role="img" aria-label=`, id)
		assert.Contains(t, part, "<details><summary>Numbers</summary>", id)
	}
	assert.Equal(t, 4, strings.Count(page, "<svg "))
}

func TestWhatIsNotThereIsLeftOut(t *testing.T) {
	page := write(t, report.Report{Title: "Nothing yet"})
	assert.NotContains(t, page, "<section")
	assert.NotContains(t, page, "<table")
	assert.Contains(t, page, "<h1>Nothing yet</h1>")
	require.ErrorContains(t, report.Write(&bytes.Buffer{}, report.Report{}), "Title is empty")
}

func TestTheNumbersOfThePageAreThoseOfTheResults(t *testing.T) {
	r := café(t)
	page := write(t, r)
	assert.Contains(t, sectionOf(t, page, "tiers"), ">62 (12.1 %)<", "62 of the 512 of the lowest tier")
	assert.Contains(t, sectionOf(t, page, "tiers"), "Upgraded: 11.4 %")
	assert.Contains(t, sectionOf(t, page, "nps"), "<td>30</td><td>14.1</td><td>44.2</td><td>50</td><td>30</td><td>20</td>")
	rate, ok := r.Cohorts.Cohorts[0].Retention(1)
	require.True(t, ok)
	assert.Regexp(t, `<th scope="row">2026-01-01</th><td>\d+</td><td>100.0</td><td class="h\d+">`+regexp.QuoteMeta(fmt.Sprintf("%.1f<", 100*rate)), sectionOf(t, page, "cohorts"))
	for _, m := range r.Liability.Movements {
		assert.Contains(t, sectionOf(t, page, "liability"), "<td>"+m.Closing.String()+"</td></tr>")
	}
	assert.Contains(t, page, "<strong>59.1 %</strong><span>55.7 % to 62.5 % (95 %)</span><span>&#43;5.0 points from 54.2 %</span>")
	assert.Contains(t, page, "<strong>undefined</strong><span class=\"how\">no order was paid</span>")
}

func TestThePageNeedsNothingElseAndRunsNothing(t *testing.T) {
	page := write(t, café(t))
	for _, never := range []string{"http://", "https://", "<script", "<link", "<img", "<iframe", "@import", "url(", "src=", "href=", "javascript:", " onclick"} {
		assert.NotContains(t, page, never)
	}
	assert.Contains(t, page, `content="default-src 'none'; style-src 'unsafe-inline'"`)
	assert.Contains(t, page, `name="viewport" content="width=device-width, initial-scale=1"`)
	assert.Contains(t, page, "@media print")
	assert.Contains(t, page, "prefers-color-scheme:dark")
	assert.Less(t, len(page), 300_000)
}

func TestEveryColorOfADrawingIsAVariableOfThePage(t *testing.T) {
	page := write(t, café(t))
	assert.NotContains(t, page, "rgb(", "a fixed color would not follow light and dark")
	for _, used := range regexp.MustCompile(`var\(--([a-z0-9-]+)\)`).FindAllStringSubmatch(page, -1) {
		assert.GreaterOrEqual(t, strings.Count(page, "--"+used[1]+":"), 3, "--%s is set for light, dark and print", used[1])
	}
	assert.Contains(t, page, "var(--series-1)")
}

func TestNoLabelOfADrawingRunsIntoTheNext(t *testing.T) {
	placed := regexp.MustCompile(`<text x="(\d+)" y="(\d+)"[^>]*font-size:(\d+)px[^>]*>([^<]+)</text>`)
	drawings := 0
	for drawing := range strings.SplitSeq(write(t, café(t)), "<svg ") {
		drawing, _, found := strings.Cut(drawing, "</svg>")
		if !found {
			continue
		}
		drawings++
		ends := map[string]float64{} // with room behind them, by height
		for _, text := range placed.FindAllStringSubmatch(drawing, -1) {
			var x, size float64
			_, err := fmt.Sscan(text[1], &x)
			require.NoError(t, err)
			_, err = fmt.Sscan(text[3], &size)
			require.NoError(t, err)
			assert.GreaterOrEqual(t, x, ends[text[2]], "%q", text[4])
			ends[text[2]] = x + size*(0.55*float64(len([]rune(text[4])))+0.4)
		}
	}
	assert.Equal(t, 4, drawings)
}

func TestNamesAreTextAndNeverMarkup(t *testing.T) {
	const evil = `<script>alert("x")</script>&`
	r := café(t)
	r.Title, r.Subtitle, r.Language = evil, evil, evil
	r.Headlines[0].Name = evil
	r.NPS[0].Name = evil
	r.AtRisk[0] = report.Member{ID: evil, Alive: 0.5, Value: evil, Last: evil}
	r.Tiers.Ladder[0] = evil
	r.Tracking.Period = evil
	r.RetentionUnit = evil
	r.Notes = []string{evil}
	page := write(t, r)
	assert.NotContains(t, page, "<script")
	assert.Greater(t, strings.Count(page, "&lt;script&gt;alert("), 8)
	for drawing := range strings.SplitSeq(page, "<svg ") {
		inner, _, found := strings.Cut(drawing, "</svg>")
		if !found {
			continue
		}
		require.NoError(t, xml.Unmarshal([]byte("<svg "+inner+"</svg>"), new(struct{})), "a drawing is well formed")
	}
}

func TestTheSameReportIsTheSameBytes(t *testing.T) {
	first := write(t, café(t))
	for range 3 {
		assert.Equal(t, first, write(t, café(t)))
	}
}

func TestPartsThatContradictThemselvesAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(*report.Report){
		"more actual periods than expected": func(r *report.Report) { r.Tracking.Expected = r.Tracking.Expected[:9] },
		"a P(alive) above one":              func(r *report.Report) { r.AtRisk[0].Alive = 1.5 },
		"a P(alive) that is no number":      func(r *report.Report) { r.AtRisk[0].Alive = math.NaN() },
		"a heat map of no numbers":          func(r *report.Report) { r.Alive.P[1][1] = math.NaN() },
		"a heat map beyond certainty":       func(r *report.Report) { r.Alive.P[1][1] = math.Inf(1) },
		"expected purchases of no number":   func(r *report.Report) { r.Tracking.Expected[3] = math.NaN() },
		"actual purchases without end":      func(r *report.Report) { r.Tracking.Actual[3] = math.Inf(1) },
		"a heat map that lacks a cell":      func(r *report.Report) { r.Alive.P[1] = r.Alive.P[1][1:] },
		"a heat map that lacks a row":       func(r *report.Report) { r.Alive.P = r.Alive.P[1:] },
		"tiers without a row":               func(r *report.Report) { r.Tiers.Counts = r.Tiers.Counts[1:] },
		"segments without a count":          func(r *report.Report) { r.RFM.SegmentCounts = r.RFM.SegmentCounts[1:] },
	} {
		r := café(t)
		spoil(&r)
		var b bytes.Buffer
		require.ErrorIs(t, report.Write(&b, r), report.ErrInvalid, name)
		assert.Zero(t, b.Len(), "%s: nothing is written", name)
	}
	_, err := report.AliveOf(habits, 52, "weeks", 0, 8)
	require.ErrorIs(t, err, report.ErrInvalid)
}

func TestAReportOfOneOfEachIsDrawn(t *testing.T) {
	r := café(t)
	r.NPS = append(r.NPS[:1], report.Segment{Name: "Nobody asked", Result: kpi.NPSResult{}})
	r.Liability.Movements = r.Liability.Movements[:1]
	r.Retention.Points = r.Retention.Points[:1]
	r.Tracking.Expected, r.Tracking.Actual, r.Tracking.Calibration = []float64{3}, nil, 1
	page := write(t, r)
	assert.Contains(t, sectionOf(t, page, "nps"), "<td>undefined</td>")
}

// TestTheBrowserDrawsThePage draws the page where Chromium is installed: at the width
// of a phone and of a desk, light and dark, and on paper. LOYALTYKIT_SHOTS names a
// folder that keeps the pictures; LOYALTYKIT_REQUIRE_SERVERS=1 asks for the browser.
func TestTheBrowserDrawsThePage(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		require.NotEqual(t, "1", os.Getenv("LOYALTYKIT_REQUIRE_SERVERS"), "Chromium is asked for and not installed")
		t.Skip("Chromium is not installed")
	}
	if testing.Short() {
		t.Skip("a browser takes seconds to start")
	}
	folder := os.Getenv("LOYALTYKIT_SHOTS")
	if folder == "" {
		folder = t.TempDir()
	}
	file := filepath.Join(folder, "report.html")
	require.NoError(t, os.WriteFile(file, []byte(write(t, café(t))), 0o600))
	for _, size := range []string{"390,5200", "1280,3400"} {
		var corners []color.Color
		for mode, scheme := range []string{"dark", "light"} { // as Chromium numbers them
			picture := filepath.Join(folder, strings.ReplaceAll(size, ",", "x")+"-"+scheme+".png")
			run(t, chromium, "--window-size="+size, fmt.Sprintf("--blink-settings=preferredColorScheme=%d", mode), "--screenshot="+picture, "file://"+file)
			shot, err := os.ReadFile(picture)
			require.NoError(t, err)
			assert.Greater(t, len(shot), 50_000, "more than an empty page")
			drawn, err := png.Decode(bytes.NewReader(shot))
			require.NoError(t, err)
			corners = append(corners, drawn.At(1, 1))
		}
		assert.Equal(t, []color.Color{color.RGBA{0x14, 0x17, 0x1b, 255}, color.RGBA{255, 255, 255, 255}}, corners, "the page is dark for who reads in the dark")
	}
	paper := filepath.Join(folder, "report.pdf")
	run(t, chromium, "--blink-settings=preferredColorScheme=0", "--no-pdf-header-footer", "--print-to-pdf="+paper, "file://"+file)
	printed, err := os.ReadFile(paper)
	require.NoError(t, err)
	pages := len(regexp.MustCompile(`/Type /Page\b`).FindAll(printed, -1))
	assert.Greater(t, pages, 1)
	assert.Less(t, pages, 15, "with the numbers of all charts")
}

func run(t *testing.T, chromium string, args ...string) {
	t.Helper()
	base := []string{"--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--user-data-dir=" + t.TempDir()}
	out, err := exec.CommandContext(t.Context(), chromium, slices.Concat(base, args)...).CombinedOutput()
	require.NoError(t, err, string(out))
}
