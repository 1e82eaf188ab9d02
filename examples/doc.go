// Package examples holds runnable programs that use the library as a shop would;
// README.md lists them.
package examples
