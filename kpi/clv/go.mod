module github.com/loyaltykit/loyaltykit/kpi/clv

go 1.26.0

require (
	github.com/loyaltykit/loyaltykit v0.1.0
	github.com/stretchr/testify v1.12.1
	golang.org/x/exp v0.0.0-20261014143641-f0251eb4aa3e
	gonum.org/v1/gonum v0.17.0
)

require (
	github.com/shopspring/decimal v1.6.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/tools v0.52.0 // indirect
)

replace github.com/loyaltykit/loyaltykit => ../..
