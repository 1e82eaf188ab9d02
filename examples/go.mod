module github.com/loyaltykit/loyaltykit/examples

go 1.26.0

require (
	github.com/loyaltykit/loyaltykit v0.1.0
	github.com/loyaltykit/loyaltykit/storage/sqlite v0.1.0
	github.com/shopspring/decimal v1.6.0
	github.com/stretchr/testify v1.12.1
	golang.org/x/term v0.47.0
)

require golang.org/x/sys v0.49.0 // indirect

replace github.com/loyaltykit/loyaltykit => ..

replace github.com/loyaltykit/loyaltykit/storage/sqlite => ../storage/sqlite
