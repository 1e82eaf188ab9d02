package servers

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// ask connects to a server as a client does and returns nil if it is ready for more:
// a PostgreSQL server that is still recovering answers with an error, and MariaDB
// listens when it has recovered.
func ask(ctx context.Context, engine Engine, address string) error {
	dialer := net.Dialer{Timeout: 5 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	if engine == MySQL {
		return greeted(conn)
	}
	return welcomed(conn)
}

// welcomed sends PostgreSQL's startup message; the answer R asks for a password or
// says that none is needed.
func welcomed(conn net.Conn) error {
	body := binary.BigEndian.AppendUint32(nil, 3<<16) // protocol 3.0
	body = append(body, "user\x00"+account+"\x00database\x00postgres\x00\x00"...)
	message := append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...)
	if _, err := conn.Write(message); err != nil {
		return err
	}
	var kind [1]byte
	if _, err := io.ReadFull(conn, kind[:]); err != nil {
		return err
	}
	if kind[0] == 'R' {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(conn, 500))
	return errors.Join(fmt.Errorf("the server answers %q", text), err)
}

// greeted reads MariaDB's greeting, which is that of protocol 10 or an error.
func greeted(conn net.Conn) error {
	var greeting [5]byte
	if _, err := io.ReadFull(conn, greeting[:]); err != nil {
		return err
	}
	if greeting[4] != 10 {
		return fmt.Errorf("the server greets with protocol %d", greeting[4])
	}
	return nil
}
