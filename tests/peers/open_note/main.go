// Opens a signed note with golang.org/x/mod/sumdb/note, the implementation that C2SP's page describes:
//
//	open_note VERIFIER_KEY < note
//
// Prints the text that the key signed. Exit 1 if it did not.
package main

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/mod/sumdb/note"
)

func open(key string) (string, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return "", err
	}
	bytes, err := io.ReadAll(os.Stdin)
	if err != nil {
		return "", err
	}
	opened, err := note.Open(bytes, note.VerifierList(verifier))
	if err != nil {
		return "", err
	}
	return opened.Text, nil
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: open_note VERIFIER_KEY < note")
		os.Exit(2)
	}
	text, err := open(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "open_note:", err)
		os.Exit(1)
	}
	fmt.Print(text)
}
