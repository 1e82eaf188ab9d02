package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/loyaltykit/loyaltykit/storage"
)

type stateError string

func (e stateError) Error() string    { return "ERROR: refused (SQLSTATE " + string(e) + ")" }
func (e stateError) SQLState() string { return string(e) }

func TestErrorsOfPostgreSQLAreToldByTheirState(t *testing.T) {
	for state, want := range map[string]failure{
		"23505": taken, "40001": again, "40P01": again, "40003": lost, "57P01": lost, "08006": lost, "23502": final, "42501": final,
		"53300": lost, "57P03": lost, "25006": lost, "55P03": again, "OC000": again, "40002": final,
	} {
		assert.Equal(t, want, postgresFailure(fmt.Errorf("commit: %w", stateError(state))), state)
	}
	for state, want := range map[string]failure{"40001": again, "23505": final, "57P01": lost, "40003": lost, "08006": lost, "40002": final, "OC001": again, "53300": lost} {
		assert.Equal(t, want, postgresCommitFailure(stateError(state)), state)
	}
	assert.Equal(t, lost, postgresCommitFailure(io.ErrUnexpectedEOF))
	assert.Equal(t, final, postgresFailure(stateError("22P02")))
	assert.Equal(t, taken, postgresFailure(fmt.Errorf("invalid input syntax for type integer: %q: %w", refusal+"3", stateError("22P02"))))
}

func TestErrorsOfMySQLAreToldByTheirNumber(t *testing.T) {
	for text, want := range map[string]failure{
		"Error 1062 (23000): Duplicate entry 'Error 1213: x' for key 'PRIMARY'": taken,
		"Error 1213 (40001): Deadlock found when trying to get lock":            again,
		"Error 1213: Deadlock found":                                            again,
		"Error 9007 (HY000): Write conflict, txnStartTS=1":                      again,
		"Error 1040 (08004): Too many connections":                              lost,
		"Error 1047 (08S01): WSREP has not yet prepared node":                   lost,
		"Error 1406 (22001): Data too long for column":                          final,
		"Error 1644 (45000): " + refusal + "0":                                  taken,
		"Error 1644 (45000): the shop's trigger: no beans left":                 final,
		"the shop said: Error 1213 (40001): nothing of the database's":          final,

		"invalid connection": lost,
	} {
		err := errors.New(text)
		assert.Equal(t, want, mysqlFailure(err), text)
		assert.Equal(t, want, mysqlFailure(fmt.Errorf("commit: %w", err)), "wrapped: %s", text)
		assert.Equal(t, want, mysqlFailure(errors.Join(errors.New("undo"), err)), "joined: %s", text)
	}
	assert.Equal(t, again, mysqlCommitFailure(errors.New("Error 1213 (40001): Deadlock found")))
	assert.Equal(t, lost, mysqlCommitFailure(errors.New("Error 1053 (08S01): Server shutdown in progress")))
}

func TestErrorsWithoutACodeAreFinalUnlessTheConnectionIsGone(t *testing.T) {
	for _, err := range []error{driver.ErrBadConn, io.EOF, fmt.Errorf("read: %w", io.ErrUnexpectedEOF)} {
		assert.Equal(t, lost, withoutCode(err), "%v", err)
	}
	for _, err := range []error{storage.ErrConflict, errRefused, context.Canceled, errors.New("sql: converting argument")} {
		assert.Equal(t, final, withoutCode(err), "%v", err)
	}
}

func TestAConstraintOfTheHostsIsToldByItsName(t *testing.T) {
	for text, want := range map[string]bool{
		`ERROR: duplicate key value violates unique constraint "loyalty_operations_p3_key" (SQLSTATE 23505)`:  false,
		`pq: duplicate key value violates unique constraint "loyalty_claims_pkey_102072"`:                     false,
		`FEHLER: doppelter Schlüsselwert verletzt Unique-Constraint »loyalty_claims_pkey« (SQLSTATE 23505)`:   false,
		`FEHLER: doppelter Schlüsselwert verletzt Unique-Constraint »shop_once« (SQLSTATE 23505)`:             true,
		`ERROR: duplicate key value violates unique constraint "shop_once" (SQLSTATE 23505)`:                  true,
		`ERROR: duplicate key value violates unique constraint "my_loyalty_once" (SQLSTATE 23505)`:            true,
		`ERROR: invalid input syntax for type integer: "` + refusal + `0" (SQLSTATE 22P02)`:                   false,
		"Error 1062 (23000): Duplicate entry 'cafe-anna-1' for key 'PRIMARY'":                                 false,
		"Error 1062 (23000): Duplicate entry 'cafe-anna-1' for key 'loyalty_operations.PRIMARY'":              false,
		"Error 1062 (23000): Duplicate entry 'loyalty_x' for key 'shop_once'":                                 true,
		"Error 1062 (23000): Duplicate entry 'it's' for key 'shop_orders.PRIMARY'":                            true,
		"Error 1062 (23000): Duplicate entry '7' for key 'PRIMARY'":                                           true,
		"Error 1062 (23000): Duplicate entry 'tea-cafe-1' for key 'PRIMARY'":                                  true,
		`ERROR: llave duplicada viola restricción de unicidad «shop_once» (SQLSTATE 23505)`:                   true,
		`ERROR: llave duplicada viola restricción de unicidad «loyalty_claims_pkey» (SQLSTATE 23505)`:         false,
		"ERREUR: la valeur d'une clé dupliquée rompt la contrainte unique « shop_once » (SQLSTATE 23505)":     true,
		"ERREUR: la valeur d'une clé dupliquée rompt la contrainte unique «\u00a0shop_once\u00a0» (23505)":    true,
		"ERREUR: la valeur d'une clé dupliquée rompt la contrainte unique « loyalty_claims_pkey » (23505)":    false,
		"ERREUR: la valeur d'une clé dupliquée rompt la contrainte «\u00a0loyalty_claims_pkey\u00a0» (23505)": false,
		"a batch was refused": false,
	} {
		assert.Equal(t, want, foreign(errors.New(text), "cafe"), text)
	}
	assert.False(t, foreign(errors.New(`Error 1062 (23000): Duplicate entry 'caf\xC3\xA9-anna-1' for key 'PRIMARY'`), "café"))
}
