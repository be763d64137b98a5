// Mkpolicy checks that an image keeps the rules of a policy. Without a violation, it writes a file with what was checked.
//
// Package policy has the rules; "mkpolicy --help" lists the flags.
package main

func main() { command.Main() }
