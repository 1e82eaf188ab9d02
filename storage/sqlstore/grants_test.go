package sqlstore_test

import (
	"fmt"

	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
)

func ExampleGrants() {
	text, err := sqlstore.Grants(sqlstore.PostgreSQL, "shop_backend")
	fmt.Print(text)
	fmt.Println(err)
	// Output:
	// GRANT SELECT, INSERT, UPDATE ON loyalty_accounts TO shop_backend;
	// GRANT SELECT, INSERT, UPDATE (idem_key, command, receipt, salt, reason, actor, reference) ON loyalty_operations TO shop_backend;
	// GRANT SELECT, INSERT ON loyalty_entries TO shop_backend;
	// GRANT SELECT, INSERT, UPDATE ON loyalty_lots TO shop_backend;
	// GRANT SELECT, INSERT, UPDATE ON loyalty_records TO shop_backend;
	// GRANT SELECT, INSERT, UPDATE (acked, data), DELETE ON loyalty_events TO shop_backend;
	// GRANT SELECT, INSERT, DELETE ON loyalty_claims TO shop_backend;
	// GRANT SELECT, INSERT, UPDATE ON loyalty_counters TO shop_backend;
	// GRANT SELECT, INSERT ON loyalty_revisions TO shop_backend;
	// GRANT SELECT ON loyalty_schema TO shop_backend;
	// <nil>
}
