package servertest

import (
	"testing"

	"github.com/loyaltykit/loyaltykit/internal/enginetest/bugrecord"
)

func TestBugRecord(t *testing.T) {
	for _, p := range []place{postgres, mariadb} {
		t.Run(p.name, func(t *testing.T) { bugrecord.Run(t, p.open) })
	}
}
