module github.com/loyaltykit/loyaltykit/examples

go 1.26

require github.com/loyaltykit/loyaltykit v0.1.0

replace github.com/loyaltykit/loyaltykit => ..

require github.com/loyaltykit/loyaltykit/storage/sqlite v0.1.0

replace github.com/loyaltykit/loyaltykit/storage/sqlite => ../storage/sqlite
