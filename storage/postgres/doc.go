// Package postgres keeps a loyalty program in PostgreSQL.
package postgres
