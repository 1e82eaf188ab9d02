module github.com/loyaltykit/loyaltykit/kpi/report

go 1.26.0

require (
	github.com/go-analyze/charts v0.6.4
	github.com/loyaltykit/loyaltykit v0.1.0
	github.com/loyaltykit/loyaltykit/kpi/clv v0.1.0
	github.com/shopspring/decimal v1.6.0
	github.com/stretchr/testify v1.12.1
)

require (
	github.com/dustin/go-humanize v1.0.1 // indirect
	github.com/go-analyze/bulk v0.1.6 // indirect
	github.com/golang/freetype v0.0.0-20170609003504-e2365dfdc4a0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/exp v0.0.0-20261014143641-f0251eb4aa3e // indirect
	golang.org/x/image v0.45.0 // indirect
	golang.org/x/tools v0.52.0 // indirect
	gonum.org/v1/gonum v0.17.0 // indirect
)

replace github.com/loyaltykit/loyaltykit => ../..

replace github.com/loyaltykit/loyaltykit/kpi/clv => ../clv
