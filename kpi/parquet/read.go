package parquet

import (
	"errors"
	"fmt"
	"io"
	"iter"

	pq "github.com/parquet-go/parquet-go"
)

// ErrFile reports a file that is not one of those that are read here: no Parquet, or
// without a column that is needed, or with a column of another type.
var ErrFile = errors.New("not such a Parquet file")

// opened reads the end of a file. The library panics on some files that are broken;
// that is an error here.
func opened(r io.ReaderAt, size int64) (f *pq.File, err error) {
	defer caught(&err)
	f, err = pq.OpenFile(r, size, pq.SkipBloomFilters(true), pq.SkipPageIndex(true), pq.ReadBufferSize(256<<10))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFile, err)
	}
	return f, nil
}

func caught(err *error) {
	if what := recover(); what != nil {
		*err = fmt.Errorf("%w: %v", ErrFile, what)
	}
}

// readRows reads a file that was written here. Other columns are passed over.
func readRows[Row, T any](r io.ReaderAt, size int64, needed []string, of func(*Row) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		f, err := opened(r, size)
		if err == nil {
			err = checkColumns(f, pq.SchemaOf(new(Row)), needed)
		}
		if err != nil {
			yield(none, err)
			return
		}
		reader := pq.NewGenericReader[Row](f)
		defer reader.Close()
		buffer := make([]Row, rowsAtOnce)
		for {
			n, err := readSome(reader, buffer)
			for i := range n {
				one, err := of(&buffer[i])
				if err != nil {
					err = fmt.Errorf("%w: %w", ErrFile, err)
				}
				if !yield(one, err) || err != nil {
					return
				}
			}
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(none, fmt.Errorf("%w: %w", ErrFile, err))
				return
			}
		}
	}
}

func readSome[Row any](reader *pq.GenericReader[Row], buffer []Row) (n int, err error) {
	defer caught(&err)
	return reader.Read(buffer)
}

// checkColumns reports columns that a file lacks or has with another type.
func checkColumns(f *pq.File, want *pq.Schema, needed []string) error {
	for _, name := range needed {
		expected, _ := want.Lookup(name)
		leaf, ok := f.Schema().Lookup(name)
		if !ok || !leaf.Node.Leaf() {
			return fmt.Errorf("%w: it has no column %q", ErrFile, name)
		}
		if got, want := leaf.Node.Type().String(), expected.Node.Type().String(); got != want {
			return fmt.Errorf("%w: the column %q is %s where %s is needed", ErrFile, name, got, want)
		}
	}
	return nil
}
