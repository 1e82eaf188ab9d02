module github.com/loyaltykit/loyaltykit/examples/giftlist

go 1.26.0

require github.com/loyaltykit/loyaltykit v0.1.0

require (
	github.com/shopspring/decimal v1.6.0 // indirect
	github.com/stretchr/testify v1.12.1
	go.yaml.in/yaml/v3 v3.0.5 // indirect
)

replace github.com/loyaltykit/loyaltykit => ../..
