module github.com/loyaltykit/loyaltykit/examples/giftlist

go 1.26

require github.com/loyaltykit/loyaltykit v0.1.0

replace github.com/loyaltykit/loyaltykit => ../..
